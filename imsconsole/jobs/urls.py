"""Addresses of this room."""

from django.urls import path

from imsconsole.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.list_jobs, name="list"),
    path("export.csv", views.export_jobs, name="export"),
    path("quotas/", views.show_quotas, name="quotas"),
    path("about/<uuid:subject_id>/", views.show_about, name="subject"),
    path("<uuid:job_id>/", views.show_job, name="detail"),
    path("<uuid:job_id>/progress/", views.show_progress, name="progress"),
    path("<uuid:job_id>/cancel/", views.cancel, name="cancel"),
    path("<uuid:job_id>/retry/", views.retry, name="retry"),
]
