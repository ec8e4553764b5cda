"""Addresses of imports from an address, under `images:`."""

from django.urls import URLPattern, path

from images.fetch import views

urlpatterns: list[URLPattern] = [
    path("from-url/", views.choose_url, name="create-from-url"),
]
