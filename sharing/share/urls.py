"""Addresses of sharing an image, under `/images/`."""

from django.urls import path

from sharing.share import recipients, views

OF_SHARES = [
    path("recipients/", recipients.list_recipients, name="recipients"),
    path("recipients/<int:recipient_id>/forget/", recipients.forget, name="forget-recipient"),
]
OF_IMAGES = [
    path("share/", views.share_several, name="share-several"),
    path("share/check/", views.check, name="check"),
    path("share/<uuid:draft_id>/", views.shared, name="shared"),
    path("share/<uuid:draft_id>/confirm/", views.confirm, name="share-confirm"),
    path("<uuid:image_id>/share/", views.share, name="share"),
    path("<uuid:image_id>/members/", views.members, name="members"),
    path("<uuid:image_id>/members.csv", views.export_members, name="export-members"),
]
