"""The address of resizing a server, under `/servers/`."""

from django.urls import path

from images.resize import views

urlpatterns = [path("<uuid:server_id>/resize/", views.resize, name="servers-resize")]
