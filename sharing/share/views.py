"""Sharing images with projects: a page to type their IDs, one to read what becomes of each, and how each ended."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from images.catalogue.views import TABS_FACTS, tabs_of
from images.fields.encryption import keys_of, with_keys
from images.models import Image, ImageQuerySet
from images.product.rules import SHARE_FACTS, can_share
from images.selection.chosen import chosen_images
from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft
from imsconsole.accounts.rules import may_write
from imsconsole.accounts.wizards import Made
from imsconsole.core.actions import offered
from imsconsole.core.csv import csv_response, dated_name
from imsconsole.core.htmx import render_page
from imsconsole.core.query_string import id_of
from imsconsole.core.selection import split_by
from imsconsole.core.tables import paged
from sharing.lookup import own_image, shares_of
from sharing.models import Share
from sharing.share.actions import MEMBERS_ACTIONS
from sharing.share.forms import ShareForm
from sharing.share.orders import SHARE, fits_order, ids_of, lines_of, outcomes_of, share_each
from sharing.share.recipients import recent_of
from sharing.share.rules import limit_of
from sharing.share.tables import MEMBER_COLUMNS, MemberTable

MOST_IMAGES = 100


@form_view
def share(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """Step 1 of one image: from its row or its page."""
    image = get_object_or_404(_images(request.actor), pk=image_id)
    return _choose(request, [image])


@form_view
def share_several(request: ActorRequest) -> HttpResponse:
    """Step 1 of those that were ticked in the list. The first POST only asks; the next one has IDs."""
    images = _chosen(request)
    return _choose(request, images) if images else redirect("images:list")


@post_view  # IDs do not fit into an address; nothing is changed
def check(request: ActorRequest) -> HttpResponse:
    """What would become of the IDs as they are typed now."""
    typed = ids_of(request.POST.get("projects", ""), request.POST.getlist("recent"))
    lines = _lines(_chosen(request), typed, request.actor, grants_key="grants_key" in request.POST)
    return render(request, "sharing/share/_lines.html", lines)


def _choose(request: ActorRequest, images: list[Image]) -> HttpResponse:
    """To which projects; an order that is changed is begun with what it was."""
    actor, before = request.actor, _before(request)
    partition = split_by(images, lambda image: can_share(image, actor))
    form = ShareForm(
        request.POST if "projects" in request.POST else None,
        recent=recent_of(actor),
        images=len(partition.allowed) or 1,
        keys=_names_of_keys(partition.allowed, actor),
        initial=before and {**before.data, "projects": "\n".join(before.data["projects"])},
    )
    if form.is_valid():
        may_write(actor).require()
        order = {"images": [[str(image.pk), image.name] for image in images], "grants_key": False}
        draft = SHARE.begin(actor, **order | form.cleaned_data, state=_state(request))
        return SHARE.go(draft, "confirm")
    picked = form["recent"].value() if "recent" in form.fields else ()
    words = ids_of(str(form["projects"].value() or ""), picked or ())
    context = {
        **_frame(images, _state(request)),
        "partition": partition,
        "pick": ",".join(str(image.pk) for image in images),
        "state": _state(request),
        "is_dead_end": not partition.allowed,
        **_lines(images, words, actor, grants_key=bool(form["grants_key"].value() if form.keys else False)),
    }
    return SHARE.page(request, "sharing/share/share.html", "projects", form, **context)


def _before(request: ActorRequest) -> Draft | None:
    """The order that one goes back from."""
    pk = id_of(request.GET.get("draft"))
    return SHARE.find(pk, request.actor) if pk else None


@SHARE.step
def confirm(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Step 2: what becomes of each, to be read once more."""
    actor, order = request.actor, draft.data
    wanted = [pk for pk, _name in order["images"]]
    images = list(_images(actor).filter(pk__in=wanted).order_by("name", "pk"))
    if not images:
        messages.warning(request, _("The image was deleted meanwhile, or is not shared any more."))
        return redirect("images:list")
    if request.method == "POST":
        may_write(actor).require()
        share_each(draft, images, actor)
        ended = reverse("sharing:shared", args=[draft.pk])
        return SHARE.finish(request, draft, lambda: Made(ended, kept=("images", "projects", "outcomes")))
    lines = _lines(images, order["projects"], actor, grants_key=order["grants_key"])
    first = reverse("sharing:share", args=wanted) if len(wanted) == 1 else reverse("sharing:share-several")
    back = f"{first}?{urlencode({'draft': draft.pk, 'pick': ','.join(wanted), 'state': order['state']})}"
    context = {**_frame(images, order["state"]), **lines, "back_url": back, "is_dead_end": not lines["able"]}
    context |= {"grants_key": order["grants_key"], "note": order.get("note", "")}
    return SHARE.page(request, "sharing/share/confirm.html", "confirm", **context)


@page_view
def shared(request: ActorRequest, draft_id: uuid.UUID) -> HttpResponse:
    """How each ended."""
    outcomes = outcomes_of(SHARE.find(draft_id, request.actor), request.actor)
    done = sum(not outcome["reason"] for outcome in outcomes)
    images = {outcome["image_id"]: outcome["image"] for outcome in outcomes}
    context = {"active": "images", "outcomes": outcomes, "done": done, "images": images}
    return render(request, "sharing/share/shared.html", context)


def _lines(images: list[Image], typed: list[str], actor: Actor, *, grants_key: bool) -> dict[str, Any]:
    verdict = fits_order(len(images), len(typed))
    lines = lines_of(images, typed, actor, grants_key=grants_key) if verdict else []
    return {
        "lines": lines,
        "able": sum(bool(line.verdict) for line in lines),
        "is_single": len(images) == 1,
        "order": verdict if typed else None,
    }


def _frame(images: list[Image], state: str) -> dict[str, Any]:
    listed = f"{reverse('images:list')}?{state}"
    crumbs = [(listed, _("Images"))]
    if len(images) > 1:
        heading = ngettext("Share %(n)s image", "Share %(n)s images", len(images)) % {"n": len(images)}
        return {
            "active": "images",
            "crumbs": crumbs,
            "cancel_url": listed,
            "heading": heading,
            "images": images,
        }
    page, name = images[0].get_absolute_url(), images[0].name
    heading = _("Share %(name)s") % {"name": name}
    crumbs.append((page, name))
    return {"active": "images", "crumbs": crumbs, "cancel_url": page, "heading": heading, "images": images}


def _state(request: ActorRequest) -> str:
    """Of the list that one comes from, and goes back to."""
    return (request.POST or request.GET).get("state", "") or "tab=private"


def _images(actor: Actor) -> ImageQuerySet:
    return with_keys(Image.objects.visible_to(actor).with_facts(actor, *SHARE_FACTS))


def _chosen(request: ActorRequest) -> list[Image]:
    chosen = chosen_images(request.POST or request.GET, request.actor).with_facts(request.actor, *SHARE_FACTS)
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
        "table": paged(MemberTable, shares, request),
        "accepted": accepted,
        "limit": limit_of(image),
        "offers": offered(MEMBERS_ACTIONS, image, request.actor),
    }
    return render_page(request, "sharing/share/members.html", "sharing/share/_members.html", context)


@page_view
def export_members(request: ActorRequest, image_id: uuid.UUID) -> HttpResponseBase:
    image = get_object_or_404(Image.objects.owned_by(request.actor), pk=image_id)
    name = dated_name(request.actor.project, "members")
    return csv_response(MEMBER_COLUMNS, shares_of(image, request.actor), name)
