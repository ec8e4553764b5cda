"""The list: a page of a tab, filtered and sorted by the URL, the same as CSV, and the bar of what is chosen in it; and all
that is known about one image, in sections that each have an address.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from images.catalogue.actions import IMAGE_ACTIONS, IMAGE_LIST_ACTIONS
from images.catalogue.attributes import attributes_of
from images.catalogue.csv import CSV_FACTS, columns_of, lines_of
from images.catalogue.lineage import LINEAGE_FACTS, copies_of, lineage_of
from images.catalogue.lineage_picture import draw_narrow, draw_wide
from images.catalogue.tables import WORKING_HEADER, CopyTable, ImageTable
from images.delete.actions import TRASH_ACTIONS, TRASH_LIST_ACTIONS
from images.delete.tables import TrashTable
from images.export.jobs import ExportImage, exported_object
from images.fields.encryption import with_keys
from images.models import Image, ImageQuerySet
from images.product.ancestry import load_ancestors
from images.product.products import product_of
from images.selection.chosen import chosen_images, found_by
from images.selection.filters import TABS, ImageFilter, for_tab, tab_of
from images.selection.tabs import KINDS, kind_of
from images.selection.used_by import uses_of
from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.accounts.rules import may_write
from imsconsole.accounts.several import MOST_AT_ONCE
from imsconsole.audit.models import Event
from imsconsole.cloud.models import BucketObject
from imsconsole.core.actions import PAGE, Action, Bar, Bulk, bulk_facts, chosen_for, facts_at, offered
from imsconsole.core.csv import csv_file, dated_name
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.paging import Total
from imsconsole.core.selection import chosen_elsewhere, picked_ids
from imsconsole.core.tables import ImsTable, paged
from imsconsole.jobs.about import SHOWN, latest_jobs
from imsconsole.jobs.models import Job

TABS_FACTS = ("servers_count", "shares_count")
# of a page: for its actions and sections, and what its notes tell
PLACES = (PAGE, "tags", "verified", "deletion")
PAGE_FACTS = (*facts_at(IMAGE_ACTIONS, *PLACES), *LINEAGE_FACTS, *TABS_FACTS, "shared_until", "verified_at")
TITLES = {
    "attributes": _("Attributes"),
    "lineage": _("Lineage"),
    "use": _("Used by"),
    "history": _("History"),
}


def _more(request: ActorRequest, table: ImsTable) -> dict[str, Any]:
    actor, tab = request.actor, tab_of(request.GET)
    is_full = tab == "trash" and table.total
    return {
        "tab": tab,
        "tabs": _tabs(),
        "bar": Bar(
            actions_in(tab),
            reverse("images:selection"),
            keep=f"images {tab} {actor.project.pk}",
            verdict=may_write(actor),
            csv_url=reverse("images:export-csv"),
        ),
        "head": offered((*(TRASH_LIST_ACTIONS if is_full else ()), *IMAGE_LIST_ACTIONS), None, actor),
        "trash_days": settings.IMS_TRASH_DAYS,
        # rows that ask for their state get nothing else, so that what is open or being typed stays
        "is_fragment": wants_fragment(request) and WORKING_HEADER not in request.headers,
    }


LIST = ListView(
    ListName.IMAGES,
    lambda request: for_tab(tab_of(request.GET), request.actor),
    ImageFilter,
    ImageTable,
    (),  # those of its file differ by the tab: `csv`
    ngettext_lazy("%(n)s image", "%(n)s images", "n"),
    template="images/catalogue/list.html",
    more=_more,
    export="export-csv",
)
TRASH = replace(LIST, table=TrashTable)


@page_view
def list_images(request: ActorRequest) -> HttpResponse:
    return (TRASH if tab_of(request.GET) == "trash" else LIST).page(request)


def actions_in(tab: str) -> tuple[Action, ...]:
    """Of the images in a tab."""
    return TRASH_ACTIONS if tab == "trash" else IMAGE_ACTIONS


def _tabs() -> list[dict[str, Any]]:
    address = reverse("images:list")
    return [
        {"key": key, "title": title, "url": f"{address}?tab={key}", "count": None}
        for key, title in TABS.items()
    ]


@page_view
def show_image(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """The head with status and actions, and the section that the URL names; else the first."""
    image = get_object_or_404(_images(request), pk=image_id)
    section = request.GET.get("section", "")
    section = section if section in SECTIONS else next(iter(SECTIONS))
    latest = latest_jobs(Job.objects.visible_to(request.actor).touching(image.pk), request.actor)
    context = {
        "active": "images",
        "image": image,
        "product": product_of(image, request.actor),
        "section": section,
        "tabs": tabs_of(image, request.actor),
        "kind": kind_of(image, request.actor),
        "kind_title": KINDS[kind_of(image, request.actor)],
        **latest,
        "offers": offered(IMAGE_ACTIONS, image, request.actor),
        "exported": _exported(latest["jobs"]),
        "is_fragment": wants_fragment(request),
        **SECTIONS[section](image, request),
    }
    return render_page(request, "images/catalogue/detail.html", "images/catalogue/_detail.html", context)


def _exported(jobs: list[Job]) -> BucketObject | None:
    """What the latest export has made, while it is there."""
    last = next((job for job in jobs if job.kind == ExportImage.kind), None)
    return exported_object(last) if last and last.state == Job.State.DONE else None


def _images(request: ActorRequest) -> Any:
    images = with_keys(Image.objects.visible_to(request.actor).with_facts(request.actor, *PAGE_FACTS))
    related = ("os_version", "created_by", "region", "project__account", "successor", "backup__zone")
    return images.select_related(*related).prefetch_related("tags")


def _attributes(image: Image, request: ActorRequest) -> dict[str, Any]:
    return {"groups": attributes_of(image, request.actor)}


def _lineage(image: Image, request: ActorRequest) -> dict[str, Any]:
    root = lineage_of(image, request.actor)
    return {
        "tree": root,
        "drawings": [("wide", draw_wide(root)), ("narrow", draw_narrow(root))],
        "table": paged(CopyTable, copies_of(image, request.actor), request),
    }


def _use(image: Image, request: ActorRequest) -> dict[str, Any]:
    return {"uses": uses_of(image, request.actor)}


def _history(image: Image, request: ActorRequest) -> dict[str, Any]:
    """What the trail of the actor's project tells: what was done to the image, and what was refused.

    With whom it was shared, and how that ended: to its owner; to a receiver, of itself.
    """
    mine = Q(owner=request.actor.project) | Q(project=request.actor.project)
    return {
        "events": Event.objects.visible_to(request.actor).about("image", image.pk)[:SHOWN],
        "shares": image.shares.filter(mine)
        .with_names(request.actor)
        .select_related("created_by", "copy")[:SHOWN],
    }


SECTIONS: dict[str, Callable[[Image, ActorRequest], dict[str, Any]]] = {
    "attributes": _attributes,
    "lineage": _lineage,
    "use": _use,
    "history": _history,
}


def tabs_of(image: Image, actor: Actor) -> list[dict[str, Any]]:
    """The sections. With whom an image is shared is its owner's to know, and the room of shares says it.

    `image` comes with `TABS_FACTS`.
    """
    tabs: list[dict[str, Any]] = [
        {
            "key": key,
            "title": title,
            "url": f"{image.get_absolute_url()}?section={key}",
            "count": image.servers_count if key == "use" else None,
        }
        for key, title in TITLES.items()
    ]
    if image.project_id == actor.project.pk:
        url = reverse("sharing:members", args=[image.pk])
        shared = {"key": "members", "title": gettext("Shared with"), "url": url, "count": image.shares_count}
        tabs.insert(-1, shared)
    return tabs


@form_view
def export_images(request: ActorRequest) -> HttpResponseBase:
    """By GET what the query finds; by POST what was chosen in the list (`core.selection`)."""
    if request.method == "POST":
        state = request.POST.get("state", "")
        images = chosen_images(request.POST, request.actor)
        if not images.exists():
            messages.warning(
                request, gettext("No image is selected. Tick the images you want in the file first.")
            )
            return HttpResponseRedirect(f"{reverse('images:list')}?{state or 'q='}")
    else:
        state = request.GET.urlencode()
        images = found_by(state, request.actor)
    query = QueryDict(state)
    name = dated_name(request.actor.project, tab_of(query), "images")
    columns, found = columns_of(tab_of(query)), _sorted(images, query, request)
    return csv_file([title for title, _cells in columns], lines_of(found, columns), name)


def _sorted(images: ImageQuerySet, query: QueryDict, request: ActorRequest) -> ImageQuerySet:
    """In the order of the list on the screen, with `CSV_FACTS`."""
    kind = TrashTable if tab_of(query) == "trash" else ImageTable
    ordered: Any = kind.in_order(images, query)
    found: ImageQuerySet = ordered.with_facts(request.actor, *CSV_FACTS)
    return found


@post_view  # IDs do not fit into an address; nothing is changed
def show_selection(request: ActorRequest) -> HttpResponse:
    actor, matching = request.actor, request.POST.get("matching", "")
    images = chosen_images(request.POST, actor)
    ids = [] if matching else list(images.order_by().values_list("pk", flat=True))
    tab = tab_of(QueryDict(matching or request.POST.get("state", "")))
    total = Total.of(images, is_narrowed=True) if matching else len(ids)
    context = {
        "choices": _choices(tab, images, actor) if total else [],
        "total": total,
        "most": MOST_AT_ONCE,
        "csv": True,
        "is_matching": bool(matching),
        "all_count": Total.of(found_by(request.POST.get("state", ""), actor), is_narrowed=True),
        "gone": [] if matching else set(picked_ids(request.POST)) - set(ids),
        "elsewhere": chosen_elsewhere(request.POST, images),
    }
    return render(request, "components/_selection.html", context)


def _choices(tab: str, chosen: ImageQuerySet, actor: Actor) -> list[Bulk]:
    """What the rules say of the chosen images, verb by verb."""
    actions = actions_in(tab)
    related = with_keys(chosen.with_facts(actor, *bulk_facts(actions))).select_related("os_version", "backup")
    images = list(related.prefetch_related("disks")[:MOST_AT_ONCE])
    load_ancestors(images)
    return chosen_for(actions, images, actor)
