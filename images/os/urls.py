"""Addresses of tables of operating systems, under `images:`."""

from django.urls import URLPattern, path

from images.os import views

urlpatterns: list[URLPattern] = [
    path("os-versions/boot-modes/", views.list_boot_modes, name="boot-modes"),
    path("os-versions/flavor-series/", views.list_flavor_series, name="flavor-series"),
]
