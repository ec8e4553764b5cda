"""Addresses of this room."""

from django.urls import path

from imsconsole.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.list_events, name="list"),
    path("export.csv", views.export_events, name="export"),
]
