"""Addresses of publishers: their application, and what they offer. Below `market/`."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
