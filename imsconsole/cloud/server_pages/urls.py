"""Addresses under `/servers/`. Creating servers is `images.launch.urls`."""

from django.urls import path

from imsconsole.cloud.backups import views as backups
from imsconsole.cloud.disks import views as disks
from imsconsole.cloud.screens import picture
from imsconsole.cloud.screens import views as screens
from imsconsole.cloud.server_pages import power, tray, views
from imsconsole.cloud.system_disk import views as system_disk
from imsconsole.cloud.use import views as use

SERVERS = [
    path("", views.list_servers, name="list"),
    path("export.csv", views.export_servers, name="export"),
    path("selection/", views.show_selection, name="selection"),
    path("<uuid:server_id>/", views.show_server, name="detail"),
    path("start/", power.start_several, name="start-several"),
    path("stop/", power.stop_several, name="stop-several"),
    path("reboot/", power.reboot_several, name="reboot-several"),
    path("force-off/", power.force_off_several, name="force-off-several"),
    path("force-reboot/", power.force_reboot_several, name="force-reboot-several"),
    path("<uuid:server_id>/start/", power.start, name="start"),
    path("<uuid:server_id>/stop/", power.stop, name="stop"),
    path("<uuid:server_id>/reboot/", power.reboot, name="reboot"),
    path("<uuid:server_id>/force-off/", power.force_off, name="force-off"),
    path("<uuid:server_id>/force-reboot/", power.force_reboot, name="force-reboot"),
    path("<uuid:server_id>/eject-iso/", tray.eject, name="eject-iso"),
    path("<uuid:server_id>/rename/", views.rename, name="rename"),
    path("<uuid:server_id>/tags/", views.tag, name="tag"),
    path("<uuid:server_id>/auto-start/", views.auto_start, name="auto-start"),
    path("<uuid:server_id>/delete/", views.confirm_delete, name="delete"),
    path("<uuid:server_id>/kept/<uuid:disk_id>/undo/", system_disk.undo, name="undo-change-os"),
    path("<uuid:server_id>/kept/<uuid:disk_id>/delete/", system_disk.delete, name="delete-kept-disk"),
    path("<uuid:server_id>/attach-disk/", disks.attach_to_server, name="attach-disk"),
    path("<uuid:server_id>/screen/", screens.show_screen, name="screen"),
    path("<uuid:server_id>/screen/open/", screens.open_screen_of, name="open-screen"),
    path("<uuid:server_id>/serial/", screens.show_serial, name="serial"),
    path("<uuid:server_id>/serial/open/", screens.open_serial_of, name="open-serial"),
    path("<uuid:server_id>/back-up/", backups.create, name="back-up"),
    path("<uuid:server_id>/screen.png", picture.screen_picture, name="screen-picture"),
    path("<uuid:server_id>/use/", use.show_use, name="use"),
    path("<uuid:server_id>/console/", picture.show_console, name="console"),
    path("<uuid:server_id>/console.txt", picture.console_text, name="console-text"),
]
