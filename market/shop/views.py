"""The market, the page of a listing and of a publisher, their pictures, and the terms of a version."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.core.actions import offered
from imsconsole.core.htmx import render_page
from imsconsole.core.tables import paged
from market.models import Acceptance, ListingVersion, Picture, Price, Publisher
from market.prices.lookup import price_of_listing, prices_of_listing
from market.shop.actions import OFFER_ACTIONS
from market.shop.filters import OfferFilter
from market.shop.offers import deployment_of, market_images, offered_in, readable_by
from market.shop.rules import can_accept_terms
from market.shop.services import accept_terms
from market.shop.tables import COLUMNS, OfferTable

LIST = ListView(
    ListName.MARKET,
    lambda request: offered_in(request.actor),
    OfferFilter,
    OfferTable,
    COLUMNS,
    ngettext_lazy("%(n)s listing", "%(n)s listings", "n"),
    template="market/list.html",
)
list_offers = page_view(LIST.page)
export_offers = page_view(LIST.csv)


@page_view
def show_listing(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """All about a product: what it is, what it costs, on which terms; and the way to a server of it."""
    actor = request.actor
    version: Any = readable_by(actor).filter(listing=listing_id).first()
    if version is None:
        raise Http404
    image = next(iter(market_images([version.market_image], actor).values()), None)
    version.deployment = deployment_of(version, image, actor) if image else None
    context = {
        "active": "market",
        "version": version,
        "listing": version.listing,
        "publisher": version.listing.publisher,
        "image": image,
        "offers": offered(OFFER_ACTIONS, version, actor),
        "is_offered": version.state == ListingVersion.State.PUBLISHED,
        "software": version.software.all(),
        "pictures": version.pictures.defer("content"),
        "regions": version.regions.all(),
        "price": price_of_listing(version.listing),
        "prices": _prices_from_now(version),
        "accepted": Acceptance.objects.filter(version_of=version, project=actor.project).first(),
    }
    return render(request, "market/detail.html", context)


def _prices_from_now(version: ListingVersion) -> list[Price]:
    """The price of now, and those that are set for later."""
    now_price = price_of_listing(version.listing)
    later = prices_of_listing(version.listing).order_by("valid_from")
    return list(later.filter(valid_from__gte=now_price.valid_from) if now_price else later)


@page_view
def show_publisher(request: ActorRequest, publisher_id: uuid.UUID) -> HttpResponse:
    """Who a publisher is, and what they offer in this region."""
    publisher = get_object_or_404(Publisher.objects.visible_to(request.actor), pk=publisher_id)
    offers = offered_in(request.actor).filter(listing__publisher=publisher)
    table = paged(OfferTable, offers, request)
    context = {"active": "market", "publisher": publisher, "table": table}
    return render_page(request, "market/publisher.html", "components/table.html", context)


@page_view
def show_logo(request: ActorRequest, publisher_id: uuid.UUID) -> HttpResponse:
    publisher = get_object_or_404(Publisher.objects.visible_to(request.actor), pk=publisher_id)
    return _picture(bytes(publisher.logo), "image/png")


@page_view
def show_picture(request: ActorRequest, picture_id: uuid.UUID) -> HttpResponse:
    """A screenshot: of what was on the market for everybody, of a draft for its project and those who review it."""
    pictures = Picture.objects.all()
    if not request.user.is_staff:
        was_published = Q(version_of__published_at__isnull=False)
        pictures = pictures.filter(was_published | Q(version_of__listing__project=request.actor.project))
    return _picture(bytes(get_object_or_404(pictures, pk=picture_id).content), "image/webp")


def _picture(content: bytes, kind: str) -> HttpResponse:
    if not content:
        raise Http404
    return HttpResponse(content, content_type=kind)


@form_view
def terms(request: ActorRequest, version_id: uuid.UUID) -> HttpResponse:
    """The terms and the price of a version that was on the market; accepting them leads back to where one was."""
    versions = ListingVersion.objects.filter(published_at__isnull=False).select_related("listing__publisher")
    version = get_object_or_404(versions, pk=version_id)
    back = _next(request, version)
    if request.method == "POST":
        accept_terms(version, actor=request.actor)
        messages.success(request, _("The terms of “%(name)s” have been accepted.") % {"name": version.title})
        return redirect(back)
    context = {
        "active": "market",
        "version": version,
        "listing": version.listing,
        "next": back,
        "price": price_of_listing(version.listing),
        "can_accept": can_accept_terms(version, request.actor),
        "accepted": Acceptance.objects.filter(version_of=version, project=request.actor.project).first(),
    }
    return render(request, "market/terms.html", context)


def _next(request: ActorRequest, version: ListingVersion) -> str:
    """Where the reader came from, when that is a page of ours; else the listing, or the market."""
    target = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    if version.listing.withdrawn_at:
        return reverse("market:list")
    return version.listing.get_absolute_url()
