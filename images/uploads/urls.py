"""Addresses of uploads."""

from django.urls import path

from images.uploads import views

app_name = "uploads"
urlpatterns = [
    path("", views.list_uploads, name="list"),
    path("create/", views.create, name="create"),
    path("tus/", views.begin, name="tus"),
    path("tus/<uuid:upload_id>/", views.resume, name="tus-upload"),
    path("<uuid:upload_id>/", views.detail, name="detail"),
    path("<uuid:upload_id>/discard/", views.discard, name="discard"),
]
