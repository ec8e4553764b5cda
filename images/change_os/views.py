"""Change a server's OS, or reinstall it: one page to choose on, one that says what stays and what goes."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.change_os.forms import ChangeOsForm
from images.change_os.rules import OsChange, can_order_change, can_order_reinstall
from images.change_os.services import change_os as start_change
from images.change_os.services import reinstall_os as start_reinstall
from images.models import Image
from images.product.pickers import with_parts
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.kept_forms import typed
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Wizard
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.servers.rules import can_run_guests
from imsconsole.cloud.system_disk.rules import can_change_os, can_reinstall_os
from imsconsole.cloud.system_disk.swap import kept_until
from imsconsole.core.query_string import number_in, row_of
from imsconsole.core.rules import Verdict
from imsconsole.core.summary import wants_summary


@dataclass(frozen=True)
class Verb:
    """What change and reinstall differ in."""

    wizard: Wizard
    may: Callable[[Server, Actor], Verdict]
    may_order: Callable[[OsChange, Actor], Verdict]
    start: Callable[..., Server]
    done: str | Promise


def _wizard(name: str, title: Promise, first: Promise) -> Wizard:
    steps = {"choose": first, "confirm": gettext_lazy("Confirm")}
    return Wizard(name, title, f"servers-{name}", steps, lambda draft: {"server_id": draft.data["server"]})


CHANGE = Verb(
    _wizard("change-os", gettext_lazy("Change OS"), gettext_lazy("Image and login")),
    can_change_os,
    can_order_change,
    start_change,
    gettext_lazy("The OS of “%(name)s” is being changed."),
)
REINSTALL = Verb(
    _wizard("reinstall-os", gettext_lazy("Reinstall OS"), gettext_lazy("Disk and login")),
    can_reinstall_os,
    can_order_reinstall,
    start_reinstall,
    gettext_lazy("The OS of “%(name)s” is being reinstalled."),
)


@CHANGE.wizard.first
def change_os(request: ActorRequest, draft: Draft | None, server_id: uuid.UUID) -> HttpResponse:
    """Choose an image, a size and a login."""
    return _choose(request, draft, server_id, CHANGE)


@REINSTALL.wizard.first
def reinstall_os(request: ActorRequest, draft: Draft | None, server_id: uuid.UUID) -> HttpResponse:
    """Choose a size and a login; the image is the server's own."""
    return _choose(request, draft, server_id, REINSTALL)


@CHANGE.wizard.step
def confirm_change(request: ActorRequest, draft: Draft, server_id: uuid.UUID) -> HttpResponse:
    """What stays, what goes, what it needs; and the answer."""
    return _confirm(request, draft, server_id, CHANGE)


@REINSTALL.wizard.step
def confirm_reinstall(request: ActorRequest, draft: Draft, server_id: uuid.UUID) -> HttpResponse:
    """What stays, what goes, what it needs; and the answer."""
    return _confirm(request, draft, server_id, REINSTALL)


def _choose(request: ActorRequest, draft: Draft | None, server_id: uuid.UUID, verb: Verb) -> HttpResponse:
    """Only `action=confirm` goes on; else the page is drawn again for what was chosen meanwhile."""
    server, host = find_server(request, server_id), host_of(request.actor.region)
    sent = typed(request)
    if draft and sent is None:
        return _page(request, _form(draft, server, request.actor, host), verb)
    chosen: dict[str, Any] = _begun(request) if sent is None else sent.dict()
    if verb is REINSTALL:
        chosen["image"] = str(server.image_id)
    if chosen.get("action") == "confirm" or wants_summary(request):
        form = ChangeOsForm(chosen, server=server, actor=request.actor, host=host)
        if verb.may(server, request.actor) and form.is_valid():
            return verb.wizard.go(verb.wizard.keep(request.actor, draft, **form.kept()), "confirm")
        return _page(request, form, verb, 200 if form.is_refreshed else 422)
    initial = _completed(chosen, server, request.actor)
    form = ChangeOsForm(initial=initial, server=server, actor=request.actor, host=host)
    return _page(request, form, verb)


def _confirm(request: ActorRequest, draft: Draft, server_id: uuid.UUID, verb: Verb) -> HttpResponse:
    """The order to be read again, and its answer."""
    server, host = find_server(request, server_id), host_of(request.actor.region)
    form = _form(draft, server, request.actor, host)
    answer = verb.wizard.ends(request, draft, form, make=lambda: _start(form.order(), verb, request.actor))
    if answer:
        return answer
    change = form.order()
    context = {
        "order": change,
        "summary": form.summary(),
        "verdict": verb.may_order(change, request.actor),
        "former": _system_disk(server),
        "data_disks": server.disks.attached().filter(role=Disk.Role.DATA).order_by("index"),
        "kept_until": kept_until(),
        "space": host.space,
        "back_url": verb.wizard.url(draft, "choose"),
        **_place(server),
    }
    return verb.wizard.page(request, "images/change_os/confirm.html", "confirm", form, **context)


def _form(draft: Draft, server: Server, actor: Actor, host: Host) -> ChangeOsForm:
    """As it was filled in; a password is not typed again."""
    kept = draft.data
    return ChangeOsForm(kept, server=server, actor=actor, host=host, password_hash=kept["password_hash"])


def _start(change: OsChange, verb: Verb, actor: Actor) -> Made:
    wanted = dict(vars(change))
    if verb is REINSTALL:
        del wanted["image"]
    server = verb.start(**wanted, actor=actor)
    return Made(server.get_absolute_url(), str(verb.done) % {"name": server.name})


def _begun(request: ActorRequest) -> dict[str, Any]:
    """What the page begins with: an image that was chosen before."""
    return {name: request.GET[name] for name in ("image", "tab") if name in request.GET}


def _completed(typed: dict[str, Any], server: Server, actor: Actor) -> dict[str, Any]:
    """What was typed, with a system disk that holds the image and is no smaller than the present one."""
    image = row_of(with_parts(Image.objects.visible_to(actor)), typed.get("image"))
    present = _system_disk(server)
    least = max(image.min_disk_gb if image else 1, 1)
    if number_in(typed.get("system_disk_gb")) < least:
        typed["system_disk_gb"] = max(least, present.size_gb if present else 1)
    typed["image"] = image or ""
    return typed


def _system_disk(server: Server) -> Disk | None:
    return server.disks.attached().filter(role=Disk.Role.SYSTEM).first()


def _page(request: ActorRequest, form: ChangeOsForm, verb: Verb, status: int = 200) -> HttpResponse:
    actor, server, host = request.actor, form.server, form.host
    url = reverse(verb.wizard.urls, args=[server.pk])
    form.images.back = f"{url}?tab={form.tab}&image="
    context = {
        **_place(server),
        "url": url,
        "is_change": verb is CHANGE,
        "image": form.chosen_image,
        "former": _system_disk(server),
        "summary": form.summary(),
        "verdict": verb.may(server, actor),
        "runs": can_run_guests(host.capabilities),
    }
    page, fragment = "images/change_os/change_os.html", "images/change_os/_swapped.html"
    return verb.wizard.page(request, page, "choose", form, status, fragment, **context)


def _place(server: Server) -> dict[str, Any]:
    url = server.get_absolute_url()
    crumbs = [(reverse("servers:list"), _("Servers")), (url, server.name)]
    return {"active": "servers", "server": server, "crumbs": crumbs, "cancel_url": url}
