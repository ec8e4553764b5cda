"""Addresses of publishers: their application, and what they offer. Below `market/`."""

from django.urls import URLPattern, URLResolver, path

from market.listings import views
from market.publishers.views import own_publisher

urlpatterns: list[URLPattern | URLResolver] = [
    path("publisher/", own_publisher, name="own-publisher"),
    path("listings/", views.listings, name="listings"),
    path("listings/create/", views.create, name="create-listing"),
    path("listings/create/<uuid:draft_id>/", views.confirm, name="create-listing-confirm"),
    path("listings/versions/<uuid:version_id>/", views.show_version, name="version"),
    path("listings/<uuid:listing_id>/", views.show_listing, name="listing"),
    path("listings/<uuid:listing_id>/edit/", views.edit, name="edit-listing"),
    path("listings/<uuid:listing_id>/new-version/", views.new_version, name="create-version"),
    path("listings/<uuid:listing_id>/price/", views.price, name="set-price"),
    path("listings/<uuid:listing_id>/pictures/", views.take_picture, name="add-picture"),
    path(
        "listings/<uuid:listing_id>/pictures/<uuid:picture_id>/remove/",
        views.drop_picture,
        name="remove-picture",
    ),
    path("listings/<uuid:listing_id>/submit/", views.submit, name="submit"),
    path("listings/<uuid:listing_id>/recall/", views.recall, name="recall"),
    path("listings/<uuid:listing_id>/discard/", views.discard, name="discard"),
    path("listings/<uuid:listing_id>/withdraw/", views.withdraw, name="withdraw"),
]
