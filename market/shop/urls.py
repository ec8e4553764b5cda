"""Addresses of what buyers see."""

from django.urls import path

from market.shop import views

urlpatterns = [
    path("market/", views.list_offers, name="list"),
    path("market/export.csv", views.export_offers, name="export"),
    path("market/<uuid:listing_id>/", views.show_listing, name="detail"),
    path("market/publishers/<uuid:publisher_id>/", views.show_publisher, name="publisher"),
    path("market/publishers/<uuid:publisher_id>/logo.png", views.show_logo, name="logo"),
    path("market/pictures/<uuid:picture_id>.webp", views.show_picture, name="picture"),
    path("market/versions/<uuid:version_id>/terms/", views.terms, name="terms"),
]
