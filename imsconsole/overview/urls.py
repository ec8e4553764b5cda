"""The address of the first page."""

from django.urls import path

from imsconsole.overview import views

urlpatterns = [path("", views.overview, name="overview")]
