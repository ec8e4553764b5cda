"""Addresses of accounts: the overview, project, me, health."""

from django.urls import path

from imsconsole.accounts.views import health, me, overview, project

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("project/", project.project, name="project"),
    path("project/switch/", project.switch_project, name="switch-project"),
    path("me/", me.me, name="me"),
    path("healthz", health.healthz, name="healthz"),
]
