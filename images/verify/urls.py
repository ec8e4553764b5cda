"""Addresses of verification, under `images:`."""

from django.urls import URLPattern, path

from images.verify import views

urlpatterns: list[URLPattern] = [
    path("<uuid:image_id>/verify/", views.verify, name="verify"),
]
