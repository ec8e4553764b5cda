"""Addresses of the advisor, under `images:`."""

from django.urls import URLPattern, path

from images.choose import views

urlpatterns: list[URLPattern] = [
    path("choose/", views.choose, name="choose"),
]
