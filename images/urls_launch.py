"""Addresses of creating servers from an image, under `/servers/create/`."""

from django.urls import path

from images.views import launch

urlpatterns = [
    path("", launch.launch, name="servers-create"),
    path("<uuid:draft_id>/", launch.confirm, name="servers-create-confirm"),
]
