"""Addresses of what images have to do with backups, under `/backups/`."""

from django.urls import path

from images.restore import views

RESTORE = "<uuid:backup_id>/restore-to-new/"
urlpatterns = [
    path(RESTORE, views.restore_to_new, name="backups-restore-to-new"),
    path(f"{RESTORE}<uuid:draft_id>/", views.confirm, name="backups-restore-to-new-confirm"),
]
