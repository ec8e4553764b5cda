"""Addresses of creating disks from an image, under `/disks/create/`."""

from django.urls import path

from images.launch.disk import views

urlpatterns = [
    path("", views.create, name="disks-create"),
    path("<uuid:draft_id>/", views.confirm, name="disks-create-confirm"),
]
