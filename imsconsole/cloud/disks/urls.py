"""Addresses of disks. What begins at a server is in `server_pages.urls`; creating disks is `images.launch.disk.urls`."""

from django.urls import path

from imsconsole.cloud.disks import views

app_name = "disks"
urlpatterns = [
    path("", views.list_disks, name="list"),
    path("export.csv", views.export_disks, name="export"),
    path("<uuid:disk_id>/", views.show_disk, name="detail"),
    path("<uuid:disk_id>/rename/", views.rename, name="rename"),
    path("<uuid:disk_id>/tags/", views.tag, name="tag"),
    path("<uuid:disk_id>/grow/", views.grow, name="grow"),
    path("<uuid:disk_id>/attach/", views.attach, name="attach"),
    path("<uuid:disk_id>/detach/", views.detach, name="detach"),
    path("<uuid:disk_id>/delete/", views.delete, name="delete"),
]
