"""Addresses of the import wizard, under `images:`."""

from django.urls import URLPattern, path

from images.views import create

urlpatterns: list[URLPattern] = [
    path("", create.choose_source, name="create"),
    path("<uuid:draft_id>/<slug:step>/", create.create_step, name="create-step"),
]
