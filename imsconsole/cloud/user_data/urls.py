"""Addresses of saved user data."""

from django.urls import path

from imsconsole.cloud.user_data import views

USER_DATA = [
    path("", views.list_user_data, name="list"),
    path("export.csv", views.export_user_data, name="export"),
    path("create/", views.create, name="create"),
    path("<uuid:user_data_id>/edit/", views.edit, name="edit"),
    path("<uuid:user_data_id>/delete/", views.confirm_delete, name="delete"),
]
