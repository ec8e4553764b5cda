"""Addresses of buckets and objects. An object's address is that of its version: what replaces it has another."""

from django.urls import path

from imsconsole.cloud.buckets import views

BUCKETS = [
    path("", views.list_buckets, name="list"),
    path("create/", views.create, name="create"),
    path("export.csv", views.export_buckets, name="export"),
    path("link/<str:token>/", views.linked, name="linked"),
    path("objects/<uuid:object_id>/", views.show_object, name="object"),
    path("objects/<uuid:object_id>/download/", views.download, name="download"),
    path("objects/<uuid:object_id>/link/", views.link, name="link"),
    path("objects/<uuid:object_id>/delete/", views.confirm_delete_object, name="delete-object"),
    path("<uuid:bucket_id>/", views.detail, name="detail"),
    path("<uuid:bucket_id>/delete/", views.confirm_delete, name="delete"),
    path("<uuid:bucket_id>/upload/", views.upload, name="upload"),
    path("<uuid:bucket_id>/selection/", views.selection, name="selection"),
    path("<uuid:bucket_id>/delete-objects/", views.delete_several, name="delete-several"),
    path("<uuid:bucket_id>/objects.csv", views.export_objects, name="export-objects"),
]
