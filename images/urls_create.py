"""Addresses of the import wizard and of uploads, under `images:`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
