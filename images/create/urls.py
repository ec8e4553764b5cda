"""Addresses of the import wizard, under `images:`."""

from django.urls import URLPattern, path

from images.create import views
from images.create.from_object import views as from_object

urlpatterns: list[URLPattern] = [
    path("", views.choose_source, name="create"),
    path("from-object/", from_object.choose_object, name="create-from-object"),
    path("<uuid:draft_id>/details/", views.details, name="create-details"),
    path("<uuid:draft_id>/confirm/", views.confirm, name="create-confirm"),
]
