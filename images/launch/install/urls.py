"""Addresses of temporary servers, under `images:`."""

from django.urls import URLPattern, path

from images.launch.install import views

urlpatterns: list[URLPattern] = [
    path("<uuid:image_id>/install/", views.install, name="install"),
    path("<uuid:image_id>/install/<uuid:draft_id>/", views.confirm, name="install-confirm"),
]
