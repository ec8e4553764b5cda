"""Addresses of exports, under `images:`."""

from django.urls import URLPattern, path

from images.export import views

urlpatterns: list[URLPattern] = [
    path("export/", views.export_several, name="export-several"),
    path("<uuid:image_id>/export/", views.export, name="export"),
    path("<uuid:image_id>/export/<uuid:draft_id>/", views.confirm, name="export-confirm"),
]
