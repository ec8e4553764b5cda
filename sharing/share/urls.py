"""Addresses of sharing an image, under `/images/`."""

from django.urls import path

from sharing.share import views

OF_IMAGES = [
    path("share/", views.share_several, name="share-several"),
    path("share/check/", views.check, name="check"),
    path("share/<uuid:draft_id>/", views.shared, name="shared"),
    path("share/<uuid:draft_id>/confirm/", views.confirm, name="share-confirm"),
    path("<uuid:image_id>/share/", views.share, name="share"),
    path("<uuid:image_id>/members/", views.members, name="members"),
    path("<uuid:image_id>/members.csv", views.export_members, name="export-members"),
]
