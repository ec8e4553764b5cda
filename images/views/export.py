"""The list as CSV: the same query, or the rows that were picked."""

import uuid

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from images.exports import columns_of, rows_of
from images.filters import ImageFilter, for_tab
from images.models import ImageQuerySet
from images.tables import ImageTable
from images.views.catalogue import chosen_tab
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.core.csv import csv_stream
from imsconsole.core.now import now


@signed_in
def export_images(request: ActorRequest) -> HttpResponseBase:
    tab = chosen_tab(request)
    picked = _picked(request)
    if "picked" in request.GET and not picked:
        messages.warning(request, _("No image is selected. Tick the images you want in the file first."))
        return redirect(f"{reverse('images:list')}?tab={tab}")
    images = for_tab(tab, request.actor)
    images = images.filter(pk__in=picked) if picked else ImageFilter(request.GET, queryset=images).qs
    headings, cells = columns_of(tab)
    name = f"{request.actor.project}-{tab}-images-{localtime(now()):%Y-%m-%d}.csv"
    return csv_stream(headings, rows_of(_sorted(images, request), cells), name)


def _picked(request: ActorRequest) -> list[uuid.UUID]:
    """The IDs of the rows that were ticked; what is no ID is left out."""
    picked = []
    for text in request.GET.getlist("id"):
        try:
            picked.append(uuid.UUID(text))
        except ValueError:
            continue
    return picked


def _sorted(images: ImageQuerySet, request: ActorRequest) -> ImageQuerySet:
    """In the order of the list on the screen."""
    table = ImageTable(images, actor=request.actor, order_by=request.GET.getlist("sort"))
    ordered: ImageQuerySet = table.data.data
    return ordered
