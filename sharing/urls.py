"""Addresses of this room: on images, and the inbox."""

from django.urls import include, path

from sharing.views import inbox, members, share, stop

app_name = "sharing"
OF_IMAGES = [
    path("share/", share.share_several, name="share-several"),
    path("share/check/", share.check, name="check"),
    path("share/<uuid:draft_id>/", share.shared, name="shared"),
    path("<uuid:image_id>/share/", share.share, name="share"),
    path("<uuid:image_id>/members/", members.members, name="members"),
    path("<uuid:image_id>/members.csv", members.export_members, name="export-members"),
    path("<uuid:image_id>/reject/", inbox.reject_image, name="reject-image"),
    path("<uuid:image_id>/stop-sharing/", stop.stop_all, name="stop-all"),
    path("<uuid:image_id>/stop-and-delete/", stop.delete, name="delete"),
]
urlpatterns = [
    path("images/", include(OF_IMAGES)),
    path("sharing/", inbox.inbox, name="list"),
    path("sharing/export.csv", inbox.export_inbox, name="export"),
    path("sharing/accept-all/", inbox.accept_all, name="accept-all"),
    path("sharing/<uuid:share_id>/", inbox.show_share, name="detail"),
    path("sharing/<uuid:share_id>/accept/", inbox.accept, name="accept"),
    path("sharing/<uuid:share_id>/reject/", inbox.reject, name="reject"),
    path("sharing/<uuid:share_id>/stop/", stop.stop, name="stop"),
    path("sharing/<uuid:share_id>/go-on/", members.go_on, name="go-on"),
]
