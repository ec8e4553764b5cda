"""Sharing images with projects: one page to type their IDs, and how each ended."""

import uuid
from typing import Any

from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from images.catalogue.views import TABS_FACTS, tabs_of
from images.fields.encryption import keys_of, with_keys
from images.models import Image, ImageQuerySet
from images.product.rules import SHARE_FACTS, can_share
from images.selection.chosen import chosen_images
from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.drafts import find_draft
from imsconsole.accounts.rules import may_write
from imsconsole.core.actions import offered
from imsconsole.core.csv import csv_stream, dated_name
from imsconsole.core.htmx import render_page
from imsconsole.core.selection import split_by
from imsconsole.core.tables import paged
from sharing.lookup import own_image, shares_of
from sharing.models import Share
from sharing.share.actions import MEMBERS_ACTIONS
from sharing.share.forms import ShareForm
from sharing.share.orders import WIZARD, fits_order, ids_in, lines_of, share_each
from sharing.share.rules import MOST_IDS, limit_of
from sharing.share.tables import MEMBER_COLUMNS, MemberTable
from sharing.tables import csv_rows

MOST_IMAGES = 100


@form_view
def share(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """One image: from its row or its page."""
    image = get_object_or_404(_images(request.actor), pk=image_id)
    return _page(request, [image], is_sent=request.method == "POST")


@form_view
def share_several(request: ActorRequest) -> HttpResponse:
    """Those that were ticked in the list. The first POST only asks; the next one has IDs and shares."""
    images = _chosen(request)
    if request.method != "POST" or not images:
        return redirect("images:list")
    return _page(request, images, is_sent="projects" in request.POST)


@post_view  # IDs do not fit into an address; nothing is changed
def check(request: ActorRequest) -> HttpResponse:
    """What would become of the IDs as they are typed now."""
    lines = _checked(_chosen(request), request.POST, request.actor)
    return render(request, "sharing/share/_lines.html", lines)


@page_view
def shared(request: ActorRequest, draft_id: uuid.UUID) -> HttpResponse:
    """How each ended."""
    outcomes = find_draft(WIZARD, draft_id, request.actor).data["outcomes"]
    done = sum(not outcome["reason"] for outcome in outcomes)
    images = {outcome["image_id"]: outcome["image"] for outcome in outcomes}
    context = {"active": "images", "outcomes": outcomes, "done": done, "images": images}
    return render(request, "sharing/share/shared.html", context)


def _page(request: ActorRequest, images: list[Image], *, is_sent: bool) -> HttpResponse:
    """The form; sent, it shares and goes on to how each ended, unless nothing could be shared at all."""
    actor = request.actor
    partition = split_by(images, lambda image: can_share(image, actor))
    form = ShareForm(
        request.POST if is_sent else None,
        images=len(partition.allowed) or 1,
        keys=_names_of_keys(partition.allowed, actor),
    )
    is_asked = "check" in request.POST
    if is_sent and not is_asked and form.is_valid():
        may_write(actor).require()
        typed = form.cleaned_data
        draft = share_each(images, typed["projects"], actor, grants_key=typed.get("grants_key", False))
        return redirect("sharing:shared", draft.pk)
    context = {
        "active": "images",
        "form": form,
        "images": images,
        "partition": partition,
        "pick": ",".join(str(image.pk) for image in images),
        "state": request.POST.get("state", "tab=private"),
        "most_ids": MOST_IDS,
        **(_checked(images, request.POST, actor) if is_sent else {}),
    }
    return render(request, "sharing/share/share.html", context, status=422 if form.errors else 200)


def _checked(images: list[Image], data: QueryDict, actor: Actor) -> dict[str, Any]:
    typed = ids_in(data.get("projects", ""))
    verdict = fits_order(len(images), len(typed))
    lines = lines_of(images, typed, actor, grants_key="grants_key" in data) if verdict else []
    return {
        "lines": lines,
        "able": sum(bool(line.verdict) for line in lines),
        "is_single": len(images) == 1,
        "order": verdict if typed else None,
    }


def _images(actor: Actor) -> ImageQuerySet:
    return with_keys(Image.objects.visible_to(actor).with_facts(actor, *SHARE_FACTS))


def _chosen(request: ActorRequest) -> list[Image]:
    chosen = chosen_images(request.POST, request.actor).with_facts(request.actor, *SHARE_FACTS)
    return list(with_keys(chosen)[:MOST_IMAGES])


def _names_of_keys(images: list[Image], actor: Actor) -> list[str]:
    """Of the project's own keys that disks of the images have: others are not its to grant."""
    keys = (key for image in images for key in keys_of(image))
    return sorted({key.name for key in keys if key.project_id == actor.project.pk})


@page_view
def members(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """A section of the image's page."""
    image = own_image(image_id, request.actor, *SHARE_FACTS, *TABS_FACTS)
    shares = shares_of(image, request.actor)
    accepted = shares.filter(status=Share.Status.ACCEPTED).count()
    context = {
        "active": "images",
        "image": image,
        "tabs": tabs_of(image, request.actor),
        "table": paged(MemberTable, shares, request, actor=request.actor),
        "accepted": accepted,
        "limit": limit_of(image),
        "offers": offered(MEMBERS_ACTIONS, image, request.actor),
    }
    return render_page(request, "sharing/share/members.html", "sharing/share/_members.html", context)


@page_view
def export_members(request: ActorRequest, image_id: uuid.UUID) -> HttpResponseBase:
    image = get_object_or_404(Image.objects.owned_by(request.actor), pk=image_id)
    rows = csv_rows(shares_of(image, request.actor), MEMBER_COLUMNS)
    name = dated_name(request.actor.project, "members")
    return csv_stream([title for title, _cell in MEMBER_COLUMNS], rows, name)
