"""Addresses of creating disks from an image, under `/disks/create/`."""

from django.urls import path

from images.views import create_disk

urlpatterns = [path("", create_disk.create, name="disks-create")]
