"""Addresses of what images have to do with backups, under `/backups/`."""

from django.urls import path

from images.views import restore_backup

urlpatterns = [
    path("<uuid:backup_id>/restore-to-new/", restore_backup.restore_to_new, name="backups-restore-to-new"),
]
