"""All that is known about an image, in sections that each have an address."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from images.attributes import attributes_of
from images.copy.rules import can_begin_copy
from images.delete.rules import can_delete, can_withdraw_deletion
from images.export.jobs import ExportImage, exported_object
from images.export.rules import can_export
from images.fields.encryption import with_keys
from images.launch.disk.rules import can_create_disk_from
from images.launch.install.rules import can_install
from images.launch.rules import can_launch
from images.lineage import copies_of, lineage_of
from images.lineage_picture import draw_narrow, draw_wide
from images.lineage_table import CopyTable
from images.models import Image
from images.modify.rules import can_modify, can_tag
from images.product.products import product_of
from images.product.rules import can_offer, can_share
from images.selection.tabs import KINDS, kind_of
from images.selection.used_by import uses_of
from images.verify.rules import can_verify
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.actor import Actor
from imsconsole.audit.models import Event
from imsconsole.cloud.models import BucketObject
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.tables import paged
from imsconsole.jobs.about import SHOWN, latest_jobs
from imsconsole.jobs.models import Job

TITLES = {
    "attributes": _("Attributes"),
    "lineage": _("Lineage"),
    "use": _("Used by"),
    "history": _("History"),
}


@signed_in
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
        "can_launch": can_launch(image, request.actor),
        "can_install": can_install(image, request.actor),
        "can_create_disk": can_create_disk_from(image, request.actor),
        "can_modify": can_modify(image, request.actor),
        "can_export": can_export(image, request.actor),
        "exported": _exported(latest["jobs"]),
        "can_copy": can_begin_copy(image, request.actor),
        "can_share": can_share(image, request.actor),
        "can_offer": can_offer(image, request.actor),
        "can_delete": can_delete(image, request.actor),
        "can_withdraw_deletion": can_withdraw_deletion(image, request.actor),
        "can_verify": can_verify(image, request.actor),
        "is_fragment": wants_fragment(request),
        **SECTIONS[section](image, request),
    }
    return render_page(request, "images/detail.html", "images/_detail.html", context)


def _exported(jobs: list[Job]) -> BucketObject | None:
    """What the latest export has made, while it is there."""
    last = next((job for job in jobs if job.kind == ExportImage.kind), None)
    return exported_object(last) if last and last.state == Job.State.DONE else None


def _images(request: ActorRequest) -> Any:
    images = with_keys(Image.objects.visible_to(request.actor).with_facts(request.actor))
    related = ("os_version", "created_by", "region", "project__account", "successor", "backup__zone")
    return images.select_related(*related).prefetch_related("tags")


def _attributes(image: Image, request: ActorRequest) -> dict[str, Any]:
    return {"groups": attributes_of(image, request.actor), "can_tag": can_tag(image, request.actor)}


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
        "shares": image.shares.filter(mine).select_related("created_by", "copy")[:SHOWN],
    }


SECTIONS: dict[str, Callable[[Image, ActorRequest], dict[str, Any]]] = {
    "attributes": _attributes,
    "lineage": _lineage,
    "use": _use,
    "history": _history,
}


def tabs_of(image: Image, actor: Actor) -> list[dict[str, Any]]:
    """The sections. With whom an image is shared is its owner's to know, and the room of shares says it."""
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
        shared = {"key": "members", "title": _("Shared with"), "url": url, "count": image.shares_count}
        tabs.insert(-1, shared)
    return tabs
