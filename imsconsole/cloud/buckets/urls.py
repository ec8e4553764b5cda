"""Addresses of buckets and objects. An object's address is that of its version: what replaces it has another."""

from django.urls import path

from imsconsole.cloud.buckets import views, views_objects

BUCKETS = [
    path("", views.list_buckets, name="list"),
    path("create/", views.create, name="create"),
    path("export.csv", views.export_buckets, name="export"),
    path("link/<str:token>/", views_objects.linked, name="linked"),
    path("objects/<uuid:object_id>/", views_objects.show_object, name="object"),
    path("objects/<uuid:object_id>/download/", views_objects.download, name="download"),
    path("objects/<uuid:object_id>/link/", views_objects.link, name="link"),
    path("objects/<uuid:object_id>/delete/", views_objects.confirm_delete, name="delete-object"),
    path("<uuid:bucket_id>/", views.detail, name="detail"),
    path("<uuid:bucket_id>/delete/", views.confirm_delete, name="delete"),
    path("<uuid:bucket_id>/upload/", views_objects.upload, name="upload"),
    path("<uuid:bucket_id>/selection/", views_objects.selection, name="selection"),
    path("<uuid:bucket_id>/delete-objects/", views_objects.delete_several, name="delete-several"),
    path("<uuid:bucket_id>/objects.csv", views_objects.export_objects, name="export-objects"),
]
