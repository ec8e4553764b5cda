"""Addresses of deletion and the trash, under `images:`."""

from django.urls import URLPattern, path

from images.delete import views

urlpatterns: list[URLPattern] = [
    path("delete/", views.delete_several, name="delete-several"),
    path("restore/", views.restore_several, name="restore-several"),
    path("purge/", views.purge_several, name="purge-several"),
    path("<uuid:image_id>/delete/", views.confirm_delete, name="delete"),
    path("<uuid:image_id>/delete/withdraw/", views.withdraw, name="withdraw-deletion"),
    path("<uuid:image_id>/restore/", views.restore, name="restore"),
    path("<uuid:image_id>/purge/", views.purge, name="purge"),
]
