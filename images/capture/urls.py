"""Addresses of making images of servers, disks and backups, under `images:`."""

from django.urls import URLPattern, path

from images.capture import views
from images.capture.full import views as full

urlpatterns: list[URLPattern] = [
    path("from-server/", views.choose_server, name="create-from-server"),
    path("from-disk/", views.choose_disks, name="create-from-disk"),
    path("full-ecs/from-server/", full.of_server, name="create-full-of-server"),
    path("full-ecs/from-backup/", full.of_backup, name="create-full-of-backup"),
    path("capture/<uuid:draft_id>/details/", views.details, name="capture-details"),
    path("capture/<uuid:draft_id>/confirm/", views.confirm, name="capture-confirm"),
    path(
        "full-ecs/from-server/<uuid:draft_id>/",
        full.confirm_of_server,
        name="create-full-of-server-confirm",
    ),
    path(
        "full-ecs/from-backup/<uuid:draft_id>/",
        full.confirm_of_backup,
        name="create-full-of-backup-confirm",
    ),
]
