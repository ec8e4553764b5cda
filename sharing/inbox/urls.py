"""Addresses of the inbox, under `/sharing/`; an accepted image is rejected on its own page."""

from django.urls import path

from sharing.inbox import views

OF_IMAGES = [path("<uuid:image_id>/reject/", views.reject_image, name="reject-image")]
OF_SHARES = [
    path("", views.inbox, name="list"),
    path("export.csv", views.export_inbox, name="export"),
    path("accept-all/", views.accept_all, name="accept-all"),
    path("<uuid:share_id>/", views.show_share, name="detail"),
    path("<uuid:share_id>/accept/", views.accept, name="accept"),
    path("<uuid:share_id>/reject/", views.reject, name="reject"),
]
