"""Addresses of backups."""

from django.urls import path

from imsconsole.cloud.backups import views

BACKUPS = [
    path("", views.list_backups, name="list"),
    path("export.csv", views.export_backups, name="export"),
    path("create/", views.create, name="create"),
    path("<uuid:backup_id>/", views.show_backup, name="detail"),
    path("<uuid:backup_id>/restore/", views.restore, name="restore"),
    path("<uuid:backup_id>/delete/", views.delete, name="delete"),
]
