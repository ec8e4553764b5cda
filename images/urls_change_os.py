"""Addresses of changing and reinstalling servers' OS, under `/servers/`."""

from django.urls import path

from images.views import change_os, change_os_many

MANY = "change-os/"
CHANGE, REINSTALL = "<uuid:server_id>/change-os/", "<uuid:server_id>/reinstall-os/"
urlpatterns = [
    path(MANY, change_os_many.pick, name="servers-change-os-many"),
    path(f"{MANY}<uuid:draft_id>/", change_os_many.choose, name="servers-change-os-many-choose"),
    path(f"{MANY}<uuid:draft_id>/confirm/", change_os_many.confirm, name="servers-change-os-many-confirm"),
    path(CHANGE, change_os.change_os, name="servers-change-os"),
    path(f"{CHANGE}<uuid:draft_id>/", change_os.confirm_change, name="servers-change-os-confirm"),
    path(REINSTALL, change_os.reinstall_os, name="servers-reinstall-os"),
    path(f"{REINSTALL}<uuid:draft_id>/", change_os.confirm_reinstall, name="servers-reinstall-os-confirm"),
]
