"""Addresses of the help."""

from django.urls import path

from imsconsole.help import views

app_name = "help"
urlpatterns = [
    path("", views.list_pages, name="list"),
    path("<slug:page>/fold/", views.fold, name="fold"),
    path("<slug:page>/", views.show_page, name="page"),
]
