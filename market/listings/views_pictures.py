"""The screenshots of a draft."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from imsconsole.accounts.access import ActorRequest, signed_in
from market.listings.forms import PictureForm
from market.listings.lookup import find_listing
from market.listings.rules import can_edit_version
from market.listings.services import add_picture, remove_picture
from market.models import Picture


@require_POST
@signed_in
def add(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
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


@require_POST
@signed_in
def remove(request: ActorRequest, listing_id: uuid.UUID, picture_id: uuid.UUID) -> HttpResponse:
    listing = find_listing(request.actor, listing_id)
    rows = Picture.objects.select_related("version_of__listing")
    picture = get_object_or_404(rows, pk=picture_id, version_of__listing=listing)
    remove_picture(picture, actor=request.actor)
    messages.success(request, _("The screenshot was removed."))
    return redirect("market:edit-listing", listing_id)
