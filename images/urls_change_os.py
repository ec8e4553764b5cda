"""Addresses of changing and reinstalling a server's OS, under `/servers/`."""

from django.urls import path

from images.views import change_os

CHANGE, REINSTALL = "<uuid:server_id>/change-os/", "<uuid:server_id>/reinstall-os/"
urlpatterns = [
    path(CHANGE, change_os.change_os, name="servers-change-os"),
    path(f"{CHANGE}<uuid:draft_id>/", change_os.confirm_change, name="servers-change-os-confirm"),
    path(REINSTALL, change_os.reinstall_os, name="servers-reinstall-os"),
    path(f"{REINSTALL}<uuid:draft_id>/", change_os.confirm_reinstall, name="servers-reinstall-os-confirm"),
]
