"""Addresses of deployments."""

from django.urls import path

from market.deploy import views

urlpatterns = [path("market/<uuid:listing_id>/deploy/", views.deploy_listing, name="deploy")]
