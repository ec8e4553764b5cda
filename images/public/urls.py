"""Addresses of what people read about public images, under `images:`."""

from django.urls import URLPattern, path

from images.public import views

urlpatterns: list[URLPattern] = [
    path("release-notes/", views.list_release_notes, name="release-notes"),
]
