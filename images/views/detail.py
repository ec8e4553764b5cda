"""All that is known about an image."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from images.models import Image
from images.rules.delete import can_delete
from images.rules.launch import can_launch
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.core.htmx import render_page
from imsconsole.jobs.models import Job
from imsconsole.jobs.rules import can_retry

SHOWN = 20  # servers and jobs; the rest is counted


@signed_in
def show_image(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    image = get_object_or_404(_images(request), pk=image_id)
    jobs = list(Job.objects.visible_to(request.actor).about(image.pk).select_related("user")[:SHOWN])
    failed = jobs[0] if jobs and jobs[0].state == Job.State.FAILED else None
    visible = Image.objects.visible_to(request.actor)
    context = {
        "active": "images",
        "image": image,
        "facts": facts_of(image),
        "parent": visible.filter(pk=image.parent_id).first() if image.parent_id else None,
        "children": visible.filter(parent=image, project=request.actor.project)[:SHOWN],
        "servers": _servers(image, request),
        "jobs": jobs,
        "live_job": next((job for job in jobs if job.is_live), None),
        "failed_job": failed,
        "can_launch": can_launch(image, request.actor),
        "can_delete": can_delete(image, request.actor),
        "can_retry": can_retry(failed, request.actor) if failed else None,
    }
    return render_page(request, "images/detail.html", "images/_detail.html", context)


def _images(request: ActorRequest) -> Any:
    images = Image.objects.visible_to(request.actor).with_facts(request.actor)
    return images.select_related("os_version", "created_by", "region", "project").prefetch_related(
        "disks", "tags"
    )


def _servers(image: Image, request: ActorRequest) -> Any:
    """Servers of the actor's project: of a public image it must not tell whose else use it."""
    servers = image.servers.visible_to(request.actor)
    return servers.filter(deleted_at=None).select_related("flavor", "zone")[:SHOWN]


Fact = tuple[str | Promise, Any, str | Promise]


def facts_of(image: Image) -> list[tuple[str | Promise, list[Fact]]]:
    """Every attribute (ims-facts §1.3, §2.29) as title, value, what it means; in groups."""
    return [
        (_("Basics"), _basics(image)),
        (_("What a server needs"), _needs(image)),
        (_("Origin"), _origin(image)),
    ]


def _basics(image: Image) -> list[Fact]:
    return [
        (_("Category"), image.get_category_display(), _CATEGORIES[image.category]),
        (_("Image type"), image.get_type_display(), _TYPES[image.type]),
        (_("Function"), image.get_use_display(), _("The kind of server it is for.")),
        (_("Region"), image.region, _("An image can be used in its region only.")),
        (_("Owner"), image.project or _("Platform"), _("The project that may change and delete it.")),
        (_("Protected"), _yes_no(image.protected), _("A protected image cannot be deleted.")),
        (
            _("Encryption"),
            _("Not encrypted"),
            _("Servers made from an encrypted image have encrypted disks."),
        ),
    ]


def _needs(image: Image) -> list[Fact]:
    os = image.os_version
    unlimited = _("No limit")
    return [
        (
            _("OS"),
            os or "–",
            _("Found in the image.") if image.os_detected else _("As stated at the import."),
        ),
        (_("OS type"), os.get_os_type_display() if os else "–", ""),
        (_("OS bits"), os.bits if os else "–", _("32-bit systems use at most 4 GB of memory.")),
        (_("Architecture"), image.get_architecture_display(), _("The flavor must have the same one.")),
        (_("Boot mode"), image.get_boot_mode_display(), _("The firmware a server starts it with.")),
        (_("Disk capacity"), f"{image.min_disk_gb} GB", _("The smallest disk that holds it.")),
        (_("Minimum memory"), f"{image.min_ram_mb} MB" if image.min_ram_mb else unlimited, ""),
        (_("Maximum memory"), f"{image.max_ram_mb} MB" if image.max_ram_mb else unlimited, ""),
        (
            _("NIC multi-queue"),
            _yes_no(image.nic_multi_queue),
            _("Several CPUs share the work of a network card."),
        ),
        (
            _("Cloud-Init injection"),
            _yes_no(image.cloud_init),
            _("Host name, password, key and user data are set at the first start."),
        ),
    ]


def _origin(image: Image) -> list[Fact]:
    return [
        (_("Source"), image.get_source_kind_display(), image.source_name),
        (_("Created"), image.created_at, ""),
        (_("Usable since"), image.active_at, ""),
        (_("Updated"), image.updated_at, ""),
    ]


def _yes_no(value: bool) -> Promise:
    return _("Yes") if value else _("No")


_CATEGORIES = {
    "public": _("Everybody may use it; the platform takes care of it."),
    "private": _("Only members of the project see it."),
    "market": _("Everybody may use it at its publisher's price."),
}
_TYPES = {
    "system": _("An operating system with its programs; servers are created from it."),
    "data": _("Data only; disks are created from it, not servers."),
    "full": _("A server's system disk with all its data disks."),
    "iso": _("An installation medium; only a temporary server can be created from it."),
}
