"""Addresses of accounts: the overview, project, me, health."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
