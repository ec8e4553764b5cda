"""Addresses of this room: servers, key pairs and encryption keys. Creating servers is `images.launch.urls`."""

from django.urls import include, path

from imsconsole.cloud.backups.urls import BACKUPS
from imsconsole.cloud.backups.vaults.urls import VAULTS
from imsconsole.cloud.backups.views import create as back_up
from imsconsole.cloud.buckets.urls import BUCKETS
from imsconsole.cloud.disks.views import attach_to_server
from imsconsole.cloud.key_pairs import views as key_pairs
from imsconsole.cloud.keys.urls import KEYS
from imsconsole.cloud.screens import picture as screen
from imsconsole.cloud.screens import views as screens
from imsconsole.cloud.system_disk import views as kept_disks
from imsconsole.cloud.views import delete, edit, power, selection, servers

SERVERS = [
    path("", servers.list_servers, name="list"),
    path("selection/", selection.show_selection, name="selection"),
    path("<uuid:server_id>/", servers.show_server, name="detail"),
    path("<uuid:server_id>/start/", power.start, name="start"),
    path("<uuid:server_id>/stop/", power.stop, name="stop"),
    path("<uuid:server_id>/reboot/", power.reboot, name="reboot"),
    path("<uuid:server_id>/rename/", edit.rename, name="rename"),
    path("<uuid:server_id>/auto-start/", edit.auto_start, name="auto-start"),
    path("<uuid:server_id>/delete/", delete.confirm_delete, name="delete"),
    path("<uuid:server_id>/kept/<uuid:disk_id>/undo/", kept_disks.undo, name="undo-change-os"),
    path("<uuid:server_id>/kept/<uuid:disk_id>/delete/", kept_disks.delete, name="delete-kept-disk"),
    path("<uuid:server_id>/attach-disk/", attach_to_server, name="attach-disk"),
    path("<uuid:server_id>/screen/", screens.show_screen, name="screen"),
    path("<uuid:server_id>/screen/open/", screens.open_screen_of, name="open-screen"),
    path("<uuid:server_id>/back-up/", back_up, name="back-up"),
    path("<uuid:server_id>/screen.png", screen.screen_picture, name="screen-picture"),
    path("<uuid:server_id>/console/", screen.show_console, name="console"),
    path("<uuid:server_id>/console.txt", screen.console_text, name="console-text"),
]
KEY_PAIRS = [
    path("", key_pairs.list_key_pairs, name="list"),
    path("create/", key_pairs.create, name="create"),
    path("import/", key_pairs.import_key, name="import"),
    path("<uuid:key_pair_id>/delete/", key_pairs.confirm_delete, name="delete"),
]
urlpatterns = [
    path("servers/", include((SERVERS, "servers"))),
    path("keypairs/", include((KEY_PAIRS, "keypairs"))),
    path("buckets/", include((BUCKETS, "buckets"))),
    path("keys/", include((KEYS, "keys"))),
    path("vaults/", include((VAULTS, "vaults"))),
    path("backups/", include((BACKUPS, "backups"))),
]
