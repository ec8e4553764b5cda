"""The pages of a seller: the list of listings, one of them, its drafts, their screenshots and its price; sending a version
in, taking it back, throwing it away; withdrawing a listing.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Typed, Wizard
from imsconsole.audit.models import Event
from imsconsole.core.actions import offered
from imsconsole.core.contention import retried
from imsconsole.core.edits import Difference
from imsconsole.core.errors import Conflict
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.now import now
from imsconsole.core.pickers import is_refresh, picks_of
from imsconsole.core.query_string import id_of
from imsconsole.core.tables import paged
from imsconsole.jobs.about import latest_jobs
from imsconsole.jobs.models import Job
from market.listings.actions import LISTING_ACTIONS, LISTING_LIST_ACTIONS
from market.listings.checks import lines_of
from market.listings.drafts import draft_of
from market.listings.forms import PictureForm, VersionForm, WithdrawForm
from market.listings.lookup import content_of, find_listing, image_of, listings_of
from market.listings.rules import (
    can_create_listing,
    can_create_version,
    can_discard_version,
    can_edit_version,
    can_submit_version,
    can_withdraw_listing,
)
from market.listings.services import (
    add_picture,
    create_listing,
    create_version,
    discard_version,
    edit_version,
    recall_version,
    remove_picture,
    submit_version,
    withdraw_listing,
)
from market.listings.tables import ListingTable, VersionTable
from market.models import Listing, ListingVersion, Picture
from market.pictures import LARGEST_BYTES
from market.prices.forms import PriceForm
from market.prices.lookup import price_of_listing, prices_of_listing, terms_of
from market.prices.rules import can_price_listing
from market.prices.services import set_price
from market.publishers.lookup import publisher_of

ROOM = {"active": "market"}
PUBLISH = Wizard(
    "market.listing",
    gettext_lazy("Create listing"),
    "market:create-listing",
    {"listing": gettext_lazy("Listing"), "confirm": gettext_lazy("Confirm")},
)


@page_view
def listings(request: ActorRequest) -> HttpResponse:
    """What the project offers on the market."""
    publisher = publisher_of(request.actor)
    context = ROOM | {
        "publisher": publisher,
        "table": paged(ListingTable, listings_of(request.actor), request),
        "head": offered(LISTING_LIST_ACTIONS, None, request.actor, publisher=publisher),
    }
    return render_page(request, "market/listings.html", "components/table.html", context)


@page_view
def show_listing(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """A listing with its versions: what is on the market, what is on its way there, and what it costs."""
    listing = find_listing(request.actor, listing_id)
    version = listing.in_making or listing.latest
    context = ROOM | {
        "listing": listing,
        "version": content_of(version),
        "lines": lines_of(version),
        "offers": offered(LISTING_ACTIONS, listing, request.actor),
        "prices": prices_of_listing(listing),
        "price_now": price_of_listing(listing),
        "table": paged(VersionTable, listing.versions.select_related("image"), request),
        "is_fragment": wants_fragment(request),
        **latest_jobs(Job.objects.visible_to(request.actor).about(version.pk), request.actor),
    }
    return render_page(request, "market/listing.html", "market/_listing.html", context)


@page_view
def show_version(request: ActorRequest, version_id: uuid.UUID) -> HttpResponse:
    """What one version says, as buyers read it."""
    mine = ListingVersion.objects.filter(listing__project=request.actor.project)
    version = content_of(get_object_or_404(mine, pk=version_id))
    context = ROOM | {"version": version, "listing": version.listing, "lines": lines_of(version)}
    return render(request, "market/version.html", context)


@PUBLISH.first
def create(request: ActorRequest, draft: Draft | None) -> HttpResponse:
    """A new listing: its first version and its price."""
    form, price = _new_listing(request, PUBLISH.typed(request, draft, "listing"))
    verdict = can_create_listing(publisher_of(request.actor), request.actor)
    if answer := PUBLISH.starts(request, draft, form, price, verdict=verdict):
        return answer
    return _publish_page(request, "listing", form, price, verdict=verdict)


@PUBLISH.step
def confirm(request: ActorRequest, draft: Draft) -> HttpResponse:
    """What was typed, read once more."""
    form, price = _new_listing(request, PUBLISH.kept(draft, "listing"))

    def make() -> Made:
        listing = create_listing(form.draft(), actor=request.actor)
        _set_price(request, listing, price)
        url = reverse("market:edit-listing", args=[listing.pk])
        return Made(url, _("The draft was saved. Add screenshots, then send it in."))

    if answer := PUBLISH.ends(request, draft, form, price, make=make):
        return answer
    verdict = can_create_listing(publisher_of(request.actor), request.actor)
    before = PUBLISH.url(draft, "listing")
    return _publish_page(request, "confirm", form, price, verdict=verdict, back_url=before)


def _new_listing(request: ActorRequest, typed: Typed) -> tuple[VersionForm, PriceForm]:
    first = {"image": id_of(request.GET.get("image"))}
    return VersionForm(typed, actor=request.actor, initial=first), PriceForm(typed, listing=None)


def _publish_page(
    request: ActorRequest, step: str, form: VersionForm, price: PriceForm, **context: Any
) -> HttpResponse:
    back = reverse("market:listings")
    crumbs = [(reverse("market:list"), _("Market")), (back, _("My listings"))]
    context |= ROOM | {"price_form": price, "crumbs": crumbs, "cancel_url": back}
    status = 422 if request.method == "POST" else 200
    return PUBLISH.page(request, f"market/create_{step}.html", step, form, status, **context)


@form_view
def edit(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """The draft of a version; of a listing that was never on the market its price as well.

    After a conflict the form once more, with both values (409).
    """
    listing, version = _find_draft(request, listing_id)
    data = request.POST if request.method == "POST" else None
    form = VersionForm(data, actor=request.actor, listing=listing, version=version)
    price = None if _was_published(listing) else PriceForm(data, listing=listing)
    if request.method != "POST":
        return _edit_page(request, version, form, price)
    if not is_refresh(request.POST):
        can_edit_version(version, request.actor).require()
    if not form.is_valid() & (price is None or price.is_valid()):
        return _edit_page(request, version, form, price)
    try:
        _edit(request, version, form, price)
    except Conflict as conflict:
        return _edit_again(request, listing_id, form, price, conflict)
    messages.success(request, _("The draft was saved."))
    return redirect("market:listing", listing.pk)


@form_view
def new_version(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """The draft of a new version, begun with what the one before says."""
    listing = find_listing(request.actor, listing_id)
    data = request.POST if request.method == "POST" else None
    form = VersionForm(data, actor=request.actor, listing=listing)
    verdict = can_create_version(listing, request.actor)
    if request.method == "POST" and not form.is_refreshed:
        verdict.require()
        if form.is_valid():
            create_version(listing, form.draft(), actor=request.actor)
            messages.success(request, _("The draft was saved. Look at its screenshots, then send it in."))
            return redirect("market:edit-listing", listing.pk)
    context = {"form": form, "verdict": verdict, "listing": listing}
    return _form_page(request, "market/new_version.html", context)


@form_view
def price(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """The next price: for those who begin later."""
    listing = find_listing(request.actor, listing_id)
    form = PriceForm(request.POST if request.method == "POST" else None, listing=listing, later=True)
    verdict = can_price_listing(listing, request.actor)
    if request.method == "POST":
        verdict.require()
        if form.is_valid():
            _set_price(request, listing, form)
            messages.success(request, _("The price was set."))
            return redirect("market:listing", listing.pk)
    context = {"price_form": form, "verdict": verdict, "listing": listing}
    return _form_page(request, "market/set_price.html", context)


def _find_draft(request: ActorRequest, listing_id: uuid.UUID) -> tuple[Listing, ListingVersion]:
    listing = find_listing(request.actor, listing_id)
    return listing, content_of(listing.in_making or listing.latest)


def _edit_page(
    request: ActorRequest,
    version: ListingVersion,
    form: VersionForm,
    price: PriceForm | None,
    differences: Sequence[Difference] = (),
    conflict: Conflict | None = None,
) -> HttpResponse:
    done = Event.objects.visible_to(request.actor).about("listingversion", version.pk)
    context = {
        "form": form,
        "price_form": price,
        "verdict": can_edit_version(version, request.actor),
        "listing": version.listing,
        "version": version,
        "picture_form": PictureForm(),
        "differences": differences,
        "last_change": done.done("updateListingVersion").first() if conflict else None,
    }
    return _form_page(request, "market/edit_listing.html", context, conflict)


def _edit_again(
    request: ActorRequest,
    listing_id: uuid.UUID,
    form: VersionForm,
    price: PriceForm | None,
    conflict: Conflict,
) -> HttpResponse:
    """What others made of the draft meanwhile, beside what was typed."""
    listing, version = _find_draft(request, listing_id)
    form, differences = form.after_conflict(
        vars(draft_of(version)), actor=request.actor, listing=listing, version=version
    )
    if price:
        price, others = price.after_conflict(terms_of(price_of_listing(listing)), listing=listing)
        differences += others
    return _edit_page(request, version, form, price, differences, conflict)


def _form_page(
    request: ActorRequest, template: str, context: dict[str, Any], conflict: Conflict | None = None
) -> HttpResponse:
    forms = [context.get("form"), context.get("price_form")]
    if picks := picks_of(request, forms[0]):
        return picks
    bad = any(form is not None and form.errors for form in forms)
    status = 409 if conflict else 422 if bad else 200
    response = render(request, template, ROOM | context, status=status)
    response.ims_error = conflict  # type: ignore[attr-defined]  # for the trail
    return response


def _set_price(request: ActorRequest, listing: Listing, form: PriceForm | None) -> None:
    if form is not None and (price := form.price(listing)):
        set_price(price, valid_from=form.begins_at, seen=form.seen, actor=request.actor)


@retried
@transaction.atomic
def _edit(request: ActorRequest, version: ListingVersion, form: VersionForm, price: PriceForm | None) -> None:
    edit_version(version, form.draft(), seen=form.seen, actor=request.actor)
    _set_price(request, version.listing, price)


def _was_published(listing: Listing) -> bool:
    return any(version.published_at for version in listing.versions.all())


@post_view.with_files(LARGEST_BYTES)
def take_picture(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    listing = find_listing(request.actor, listing_id)
    version = listing.in_making or listing.latest
    can_edit_version(version, request.actor).require()
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        add_picture(version, actor=request.actor, **form.cleaned_data)
        messages.success(request, _("The screenshot was added."))
    for errors in form.errors.values():
        messages.error(request, " ".join(map(str, errors)))
    return redirect("market:edit-listing", listing.pk)


@post_view
def drop_picture(request: ActorRequest, listing_id: uuid.UUID, picture_id: uuid.UUID) -> HttpResponse:
    listing = find_listing(request.actor, listing_id)
    rows = Picture.objects.select_related("version_of__listing")
    picture = get_object_or_404(rows, pk=picture_id, version_of__listing=listing)
    remove_picture(picture, actor=request.actor)
    messages.success(request, _("The screenshot was removed."))
    return redirect("market:edit-listing", listing_id)


@form_view
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


@post_view
def recall(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    listing = find_listing(request.actor, listing_id)
    version = recall_version(listing.in_making or listing.latest, actor=request.actor)
    messages.success(request, _("%(name)s is a draft again.") % {"name": version})
    return redirect("market:listing", listing.pk)


@form_view
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


@form_view
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
