"""Addresses of this room."""

from django.urls import path

from imsconsole.notifications import views

app_name = "messages"
urlpatterns = [
    path("", views.list_messages, name="list"),
    path("bell/", views.bell, name="bell"),
    path("read/", views.read_all, name="read-all"),
    path("<uuid:message_id>/read/", views.read, name="read"),
    path("<uuid:message_id>/open/", views.open_message, name="open"),
]
