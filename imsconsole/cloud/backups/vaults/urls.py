"""Addresses of vaults."""

from django.urls import path

from imsconsole.cloud.backups.vaults import views

VAULTS = [
    path("", views.list_vaults, name="list"),
    path("export.csv", views.export_vaults, name="export"),
    path("create/", views.create, name="create"),
    path("<uuid:vault_id>/", views.show_vault, name="detail"),
    path("<uuid:vault_id>/edit/", views.edit, name="edit"),
    path("<uuid:vault_id>/delete/", views.delete, name="delete"),
]
