"""Addresses of disks. What begins at a server is in `cloud.urls`; creating disks is `images.launch.disk.urls`."""

from django.urls import path

from imsconsole.cloud.disks import views
from imsconsole.cloud.disks import views as views_attach

app_name = "disks"
urlpatterns = [
    path("", views.list_disks, name="list"),
    path("export.csv", views.export_disks, name="export"),
    path("<uuid:disk_id>/", views.show_disk, name="detail"),
    path("<uuid:disk_id>/rename/", views.rename, name="rename"),
    path("<uuid:disk_id>/grow/", views.grow, name="grow"),
    path("<uuid:disk_id>/attach/", views_attach.attach, name="attach"),
    path("<uuid:disk_id>/detach/", views.detach, name="detach"),
    path("<uuid:disk_id>/delete/", views.delete, name="delete"),
]
