"""Addresses of this room: on images, and the inbox."""

from django.urls import include, path

from sharing.ending import urls as ending
from sharing.inbox import urls as inbox
from sharing.share import urls as share

app_name = "sharing"
urlpatterns = [
    path("images/", include(share.OF_IMAGES + inbox.OF_IMAGES + ending.OF_IMAGES)),
    path("sharing/", include(inbox.OF_SHARES + ending.OF_SHARES + share.OF_SHARES)),
]
