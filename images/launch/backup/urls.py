"""Addresses of what images have to do with backups, under `/backups/`."""

from django.urls import path

from images.launch.backup import views

urlpatterns = [
    path("<uuid:backup_id>/restore-to-new/", views.restore_to_new, name="backups-restore-to-new"),
]
