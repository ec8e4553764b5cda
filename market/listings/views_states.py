"""Sending a version in, taking it back, throwing it away; withdrawing a listing."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.core.now import now
from market.listings.forms import WithdrawForm
from market.listings.lookup import content_of, find_listing, image_of
from market.listings.rules import can_discard_version, can_submit_version, can_withdraw_listing
from market.listings.services import discard_version, recall_version, submit_version, withdraw_listing
from market.models import Listing
from market.prices.lookup import price_of_listing


@signed_in
def submit(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """The question, with all that is sent in; and its answer."""
    listing = find_listing(request.actor, listing_id)
    version = content_of(listing.in_making or listing.latest)
    if request.method == "POST":
        submit_version(version, actor=request.actor)
        messages.success(request, _("%(name)s was sent in: first it is scanned.") % {"name": version})
        return redirect("market:listing", listing.pk)
    context = {
        "active": "market",
        "listing": listing,
        "version": version,
        "price_now": price_of_listing(listing),
        "verdict": can_submit_version(version, image_of(version, request.actor), request.actor),
    }
    return render(request, "market/submit.html", context)


@require_POST
@signed_in
def recall(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    listing = find_listing(request.actor, listing_id)
    version = recall_version(listing.in_making or listing.latest, actor=request.actor)
    messages.success(request, _("%(name)s is a draft again.") % {"name": version})
    return redirect("market:listing", listing.pk)


@signed_in
def discard(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    listing = find_listing(request.actor, listing_id)
    version = listing.in_making or listing.latest
    if request.method == "POST":
        discard_version(version, actor=request.actor)
        messages.success(request, _("%(name)s was discarded.") % {"name": version})
        left = Listing.objects.filter(pk=listing_id).exists()
        return redirect("market:listing", listing_id) if left else redirect("market:listings")
    context = {
        "active": "market",
        "listing": listing,
        "version": version,
        "verdict": can_discard_version(version, request.actor),
    }
    return render(request, "market/discard.html", context)


@signed_in
def withdraw(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """What becomes of those who have it; and the answer."""
    listing = find_listing(request.actor, listing_id)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    verdict = can_withdraw_listing(listing, request.actor)
    if request.method == "POST":
        verdict.require()
        if form.is_valid():
            withdraw_listing(listing, actor=request.actor, **form.cleaned_data)
            messages.success(request, _("The listing was withdrawn from the market."))
            return redirect("market:listing", listing.pk)
    context = {
        "active": "market",
        "listing": listing,
        "form": form,
        "verdict": verdict,
        "reinstall_until": now() + timedelta(days=settings.IMS_MARKET_REINSTALL_DAYS),
    }
    return render(request, "market/withdraw.html", context, status=422 if form.errors else 200)
