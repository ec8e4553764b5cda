"""Addresses of the import wizard, under `images:`."""

from django.urls import URLPattern, path

from images.views import create, create_from_object

urlpatterns: list[URLPattern] = [
    path("", create.choose_source, name="create"),
    path("from-object/", create_from_object.choose_object, name="create-from-object"),
    path("<uuid:draft_id>/<slug:step>/", create.create_step, name="create-step"),
]
