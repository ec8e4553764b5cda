"""Addresses of the import wizard, under `images:`."""

from django.urls import URLPattern, path

from images.create import views as create
from images.create.from_object import views as create_from_object
from images.views import capture, full_ecs

urlpatterns: list[URLPattern] = [
    path("", create.choose_source, name="create"),
    path("from-object/", create_from_object.choose_object, name="create-from-object"),
    path("from-server/", capture.choose_server, name="create-from-server"),
    path("from-disk/", capture.choose_disks, name="create-from-disk"),
    path("full-ecs/from-server/", full_ecs.of_server, name="create-full-of-server"),
    path("full-ecs/from-backup/", full_ecs.of_backup, name="create-full-of-backup"),
    path("capture/<uuid:draft_id>/<slug:step>/", capture.capture_step, name="capture-step"),
    path("<uuid:draft_id>/<slug:step>/", create.create_step, name="create-step"),
]
