"""Addresses of this room: of sellers, of buyers, of what things cost."""

from django.urls import include, path

from market.billing.urls import urlpatterns as of_billing
from market.deploy.urls import urlpatterns as of_deployments
from market.listings.urls import urlpatterns as of_sellers
from market.shop.urls import urlpatterns as of_the_shop

app_name = "market"
urlpatterns = [
    path("market/", include(of_sellers)),
    path("", include(of_billing)),
    path("", include(of_deployments)),
    path("", include(of_the_shop)),
]
