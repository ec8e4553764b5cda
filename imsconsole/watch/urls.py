"""Addresses for machines."""

from django.urls import path

from imsconsole.watch import health, views

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("healthz/live", health.live, name="healthz-live"),
    path("healthz/ready", health.ready, name="healthz-ready"),
    path("metrics", views.metrics, name="metrics"),
    path("metrics/here", views.metrics_here, name="metrics-here"),
]
