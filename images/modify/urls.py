"""Addresses of changes of attributes and tags, under `images:`."""

from django.urls import URLPattern, path

from images.modify import views

urlpatterns: list[URLPattern] = [
    path("<uuid:image_id>/modify/", views.modify, name="modify"),
    path("<uuid:image_id>/tags/", views.tag, name="tag"),
]
