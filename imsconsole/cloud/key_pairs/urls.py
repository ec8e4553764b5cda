"""Addresses of key pairs."""

from django.urls import path

from imsconsole.cloud.key_pairs import views

KEY_PAIRS = [
    path("", views.list_key_pairs, name="list"),
    path("export.csv", views.export_key_pairs, name="export"),
    path("create/", views.create, name="create"),
    path("import/", views.import_key, name="import"),
    path("<uuid:key_pair_id>/delete/", views.confirm_delete, name="delete"),
]
