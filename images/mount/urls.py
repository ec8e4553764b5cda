"""The address of mounting an ISO, under `/servers/`."""

from django.urls import path

from images.mount import views

urlpatterns = [path("<uuid:server_id>/mount-iso/", views.mount, name="servers-mount-iso")]
