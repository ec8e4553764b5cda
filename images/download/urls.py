"""Addresses of downloads, under `images:`."""

from django.urls import URLPattern, path

from images.download import views

urlpatterns: list[URLPattern] = [
    path("downloads/<uuid:download_id>/", views.show_download, name="download-of"),
    path("<uuid:image_id>/download/", views.download, name="download"),
    path("<uuid:image_id>/download/stored/", views.stored, name="download-stored"),
    path("<uuid:image_id>/download/stored/sha256/", views.stored_checksum, name="download-stored-checksum"),
    path("<uuid:image_id>/download/<uuid:download_id>/", views.prepared, name="download-prepared"),
    path(
        "<uuid:image_id>/download/<uuid:download_id>/sha256/",
        views.prepared_checksum,
        name="download-prepared-checksum",
    ),
    path("<uuid:image_id>/download/<uuid:download_id>/discard/", views.discard, name="discard-download"),
]
