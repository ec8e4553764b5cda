"""Addresses of changing and reinstalling servers' OS, under `/servers/`."""

from django.urls import path

from images.change_os import views
from images.change_os.many import views as many

MANY = "change-os/"
CHANGE, REINSTALL = "<uuid:server_id>/change-os/", "<uuid:server_id>/reinstall-os/"
urlpatterns = [
    path(MANY, many.pick, name="servers-change-os-many"),
    path(f"{MANY}<uuid:draft_id>/", many.choose, name="servers-change-os-many-choose"),
    path(f"{MANY}<uuid:draft_id>/confirm/", many.confirm, name="servers-change-os-many-confirm"),
    path(f"{MANY}<uuid:draft_id>/done/", many.done, name="servers-change-os-many-done"),
    path(CHANGE, views.change_os, name="servers-change-os"),
    path(f"{CHANGE}<uuid:draft_id>/", views.confirm_change, name="servers-change-os-confirm"),
    path(REINSTALL, views.reinstall_os, name="servers-reinstall-os"),
    path(f"{REINSTALL}<uuid:draft_id>/", views.confirm_reinstall, name="servers-reinstall-os-confirm"),
]
