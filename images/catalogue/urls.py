"""Addresses of the list of images and of one image, under `images:`."""

from django.urls import URLPattern, path

from images.catalogue import views

urlpatterns: list[URLPattern] = [
    path("", views.list_images, name="list"),
    path("export.csv", views.export_images, name="export-csv"),
    path("selection/", views.show_selection, name="selection"),
    path("<uuid:image_id>/", views.show_image, name="detail"),
]
