"""Addresses of the copy wizard, under `images:`."""

from django.urls import URLPattern, path

from images.views import copy

urlpatterns: list[URLPattern] = [
    path("copy/", copy.copy_several, name="copy-several"),
    path("copy/<uuid:draft_id>/<slug:step>/", copy.copy_step, name="copy-step"),
    path("<uuid:image_id>/copy/", copy.copy, name="copy"),
]
