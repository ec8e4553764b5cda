"""Addresses of publishers: their application, and what they offer. Below `market/`."""

from django.urls import URLPattern, URLResolver, include, path

from market.listings import views, views_pictures, views_states
from market.publishers.views import own_publisher

OF_A_LISTING = [
    path("", views.show_listing, name="listing"),
    path("edit/", views.edit, name="edit-listing"),
    path("new-version/", views.new_version, name="create-version"),
    path("price/", views.price, name="set-price"),
    path("pictures/", views_pictures.add, name="add-picture"),
    path("pictures/<uuid:picture_id>/remove/", views_pictures.remove, name="remove-picture"),
    path("submit/", views_states.submit, name="submit"),
    path("recall/", views_states.recall, name="recall"),
    path("discard/", views_states.discard, name="discard"),
    path("withdraw/", views_states.withdraw, name="withdraw"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("publisher/", own_publisher, name="own-publisher"),
    path("listings/", views.listings, name="listings"),
    path("listings/create/", views.create, name="create-listing"),
    path("listings/versions/<uuid:version_id>/", views.show_version, name="version"),
    path("listings/<uuid:listing_id>/", include(OF_A_LISTING)),
]
