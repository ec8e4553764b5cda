"""Addresses of the copy wizard, under `images:`."""

from django.urls import URLPattern, path

from images.copy import views

urlpatterns: list[URLPattern] = [
    path("copy/", views.copy_several, name="copy-several"),
    path("copy/<uuid:draft_id>/<slug:step>/", views.copy_step, name="copy-step"),
    path("<uuid:image_id>/copy/", views.copy, name="copy"),
]
