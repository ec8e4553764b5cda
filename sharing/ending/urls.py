"""Addresses of ending shares: of an image, under `/images/`; and one, under `/sharing/`."""

from django.urls import path

from sharing.ending import views

OF_IMAGES = [
    path("<uuid:image_id>/stop-sharing/", views.stop_all, name="stop-all"),
    path("<uuid:image_id>/stop-and-delete/", views.delete, name="delete"),
]
OF_SHARES = [
    path("<uuid:share_id>/stop/", views.stop, name="stop"),
    path("<uuid:share_id>/go-on/", views.go_on, name="go-on"),
]
