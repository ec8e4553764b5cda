"""Addresses of backup schedules."""

from django.urls import path

from imsconsole.cloud.schedules import views

SCHEDULES = [
    path("", views.list_schedules, name="list"),
    path("export.csv", views.export_schedules, name="export"),
    path("create/", views.create, name="create"),
    path("<uuid:schedule_id>/", views.show_schedule, name="detail"),
    path("<uuid:schedule_id>/edit/", views.edit, name="edit"),
    path("<uuid:schedule_id>/pause/", views.pause, name="pause"),
    path("<uuid:schedule_id>/resume/", views.resume, name="resume"),
    path("<uuid:schedule_id>/run/", views.run, name="run"),
    path("<uuid:schedule_id>/delete/", views.delete, name="delete"),
]
