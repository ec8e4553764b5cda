"""Addresses of creating servers from an image, under `/servers/create/`."""

from django.urls import path

from images.launch import views

urlpatterns = [
    path("", views.launch, name="servers-create"),
    path("<uuid:draft_id>/", views.confirm, name="servers-create-confirm"),
]
