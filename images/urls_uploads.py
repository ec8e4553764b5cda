"""Addresses of uploads."""

from django.urls import path

from images.views import uploads

app_name = "uploads"
urlpatterns = [
    path("create/", uploads.create, name="create"),
    path("<uuid:upload_id>/discard/", uploads.discard, name="discard"),
]
