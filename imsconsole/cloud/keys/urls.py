"""Addresses of encryption keys."""

from django.urls import path

from imsconsole.cloud.keys import views

KEYS = [
    path("", views.list_keys, name="list"),
    path("export.csv", views.export_keys, name="export"),
    path("received/", views.list_received, name="received"),
    path("create/", views.create, name="create"),
    path("<uuid:key_id>/", views.show_key, name="detail"),
    path("<uuid:key_id>/edit/", views.edit, name="edit"),
    path("<uuid:key_id>/enable/", views.enable, name="enable"),
    path("<uuid:key_id>/disable/", views.disable, name="disable"),
    path("<uuid:key_id>/schedule-deletion/", views.schedule_deletion, name="schedule-deletion"),
    path("<uuid:key_id>/cancel-deletion/", views.cancel_deletion, name="cancel-deletion"),
    path("<uuid:key_id>/grant/", views.grant, name="grant"),
    path("<uuid:key_id>/grants/<uuid:grant_id>/revoke/", views.revoke, name="revoke"),
]
