"""Addresses of the copy wizard, under `images:`."""

from django.urls import URLPattern, path

from images.copy import views

urlpatterns: list[URLPattern] = [
    path("copy/", views.copy_several, name="copy-several"),
    path("copy/<uuid:draft_id>/target/", views.target, name="copy-target"),
    path("copy/<uuid:draft_id>/confirm/", views.confirm, name="copy-confirm"),
    path("<uuid:image_id>/copy/", views.copy, name="copy"),
]
