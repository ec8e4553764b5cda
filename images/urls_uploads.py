"""Addresses of uploads."""

from django.urls import path

from images.views import tus, uploads

app_name = "uploads"
urlpatterns = [
    path("", uploads.list_uploads, name="list"),
    path("create/", uploads.create, name="create"),
    path("tus/", tus.begin, name="tus"),
    path("tus/<uuid:upload_id>/", tus.resume, name="tus-upload"),
    path("<uuid:upload_id>/", uploads.detail, name="detail"),
    path("<uuid:upload_id>/discard/", uploads.discard, name="discard"),
]
