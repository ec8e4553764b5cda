"""Change a server's OS, or reinstall it: one page to choose on, one that says what stays and what goes."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.change_os.forms import ChangeOsForm, change_of
from images.change_os.rules import OsChange, can_become, can_order_change, can_order_reinstall
from images.change_os.services import change_os as start_change
from images.change_os.services import reinstall_os as start_reinstall
from images.launch.views import SHOWN_IMAGES, TABS, Choice
from images.models import Image
from images.product.products import load_products
from images.selection.tabs import CHOSEN_AMONG, kind_of, of_kind
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft
from imsconsole.cloud.engines import engine_of
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.models import Disk, KeyPair, Server
from imsconsole.cloud.servers.lookup import find_server
from imsconsole.cloud.servers.rules import can_run_guests
from imsconsole.cloud.system_disk.rules import can_change_os, can_reinstall_os
from imsconsole.cloud.system_disk.swap import kept_until
from imsconsole.core.contention import retried
from imsconsole.core.errors import NotFound
from imsconsole.core.htmx import render_page
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.rules import Verdict


@dataclass(frozen=True)
class Verb:
    """What change and reinstall differ in."""

    name: str  # of the drafts and the address
    title: str | Promise
    may: Callable[[Server, Actor], Verdict]
    may_order: Callable[[OsChange, Actor], Verdict]
    done: str | Promise

    @property
    def url_name(self) -> str:
        return f"servers-{self.name}"


CHANGE = Verb(
    "change-os",
    gettext_lazy("Change OS"),
    can_change_os,
    can_order_change,
    gettext_lazy("The OS of “%(name)s” is being changed."),
)
REINSTALL = Verb(
    "reinstall-os",
    gettext_lazy("Reinstall OS"),
    can_reinstall_os,
    can_order_reinstall,
    gettext_lazy("The OS of “%(name)s” is being reinstalled."),
)


@form_view
def change_os(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Choose an image, a size and a login."""
    return _choose(request, server_id, CHANGE)


@form_view
def reinstall_os(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Choose a size and a login; the image is the server's own."""
    return _choose(request, server_id, REINSTALL)


@form_view
def confirm_change(request: ActorRequest, server_id: uuid.UUID, draft_id: uuid.UUID) -> HttpResponse:
    """What stays, what goes, what it needs; and the answer."""
    return _confirm(request, server_id, draft_id, CHANGE)


@form_view
def confirm_reinstall(request: ActorRequest, server_id: uuid.UUID, draft_id: uuid.UUID) -> HttpResponse:
    """What stays, what goes, what it needs; and the answer."""
    return _confirm(request, server_id, draft_id, REINSTALL)


def _choose(request: ActorRequest, server_id: uuid.UUID, verb: Verb) -> HttpResponse:
    """Only `action=confirm` goes on; else the page is drawn again for what was chosen meanwhile."""
    server, host = find_server(request, server_id), host_of(request.actor.region)
    typed: dict[str, Any] = request.POST.dict() if request.method == "POST" else _begun(request, server, verb)
    if verb is REINSTALL:
        typed["image"] = str(server.image_id)
    if request.method == "POST" and request.POST.get("action") == "confirm":
        form = ChangeOsForm(typed, server=server, actor=request.actor, host=host)
        if verb.may(server, request.actor) and form.is_valid():
            draft = _keep(form, request, verb)
            return redirect(f"{verb.url_name}-confirm", server.pk, draft.pk)
        return _page(request, form, server, typed, host, verb, status=422)
    initial = _completed(typed, server, request.actor, host)
    form = ChangeOsForm(initial=initial, server=server, actor=request.actor, host=host)
    return _page(request, form, server, initial, host, verb)


def _confirm(request: ActorRequest, server_id: uuid.UUID, draft_id: uuid.UUID, verb: Verb) -> HttpResponse:
    """The order to be read again, and its answer. A draft serves once."""
    server = find_server(request, server_id)
    draft = get_object_or_404(_drafts(request.actor, server, verb), pk=draft_id)
    change = change_of(draft.data, server, request.actor)
    if change is None:
        messages.error(request, _("Something you chose is gone meanwhile. Please choose again."))
        return redirect(verb.url_name, server.pk)
    if request.method == "POST":
        return _start(request, server, draft, verb)
    context = {
        "active": "servers",
        "server": server,
        "change": change,
        "draft": draft,
        "verb": verb,
        "back_url": verb.url_name,
        "verdict": verb.may_order(change, request.actor),
        "former": _system_disk(server),
        "data_disks": server.disks.attached().filter(role=Disk.Role.DATA).order_by("index"),
        "kept_until": kept_until(),
        "free_bytes": engine_of(server).free_space().free_bytes,
    }
    return render(request, "images/change_os/confirm.html", context)


def _start(request: ActorRequest, server: Server, draft: Draft, verb: Verb) -> HttpResponse:
    server = _start_job(server, draft.pk, verb, request.actor)
    messages.success(request, str(verb.done) % {"name": server.name})
    return redirect(server)


@retried
@transaction.atomic
def _start_job(server: Server, draft_id: uuid.UUID, verb: Verb, actor: Actor) -> Server:
    """Start the job and forget the draft, together."""
    draft = locked(_drafts(actor, server, verb), draft_id)
    if (change := change_of(draft.data, server, actor)) is None:
        raise NotFound
    wanted = {field.name: getattr(change, field.name) for field in fields(change)}
    if verb is REINSTALL:
        del wanted["image"]
    start = start_change if verb is CHANGE else start_reinstall
    server = start(**wanted, actor=actor)
    draft.delete()
    return server


def _drafts(actor: Actor, server: Server, verb: Verb) -> Any:
    drafts = Draft.objects.filter(wizard=verb.name, user=actor.user, project=actor.project)
    return drafts.filter(data__server=str(server.pk))


def _keep(form: ChangeOsForm, request: ActorRequest, verb: Verb) -> Draft:
    """One unfinished order per person and server is kept, so that drafts do not pile up."""
    _drafts(request.actor, form.server, verb).delete()
    return Draft.objects.create(
        wizard=verb.name,
        user=request.user,
        project=request.actor.project,
        data=form.draft(),
        updated_at=now(),
    )


def _begun(request: ActorRequest, server: Server, verb: Verb) -> dict[str, Any]:
    """What the page begins with: a draft that is changed, or an image that was chosen before."""
    try:
        draft_id = uuid.UUID(request.GET.get("draft", ""))
        draft = _drafts(request.actor, server, verb).filter(pk=draft_id).first()
    except ValueError:
        draft = None
    if draft:
        return {**draft.data, "stop_first": draft.data["stop_first"]}
    login = "key" if KeyPair.objects.visible_to(request.actor).exists() else "password"
    chosen = {name: request.GET[name] for name in ("image", "tab") if name in request.GET}
    return {"login": login, **chosen}


def _completed(typed: dict[str, Any], server: Server, actor: Actor, host: Host) -> dict[str, Any]:
    """What was typed, with a system disk that holds the image and is no smaller than the present one."""
    image = chosen_image(typed, actor)
    present = _system_disk(server)
    least = max(image.min_disk_gb if image else 1, 1)
    size = str(typed.get("system_disk_gb") or "")
    if not size.isdecimal() or int(size) < least:
        typed["system_disk_gb"] = max(least, present.size_gb if present else 1)
    typed["image"] = image.pk if image else ""
    return typed


def chosen_image(typed: dict[str, Any], actor: Actor) -> Image | None:
    """The chosen image; none is chosen for anybody."""
    try:
        pk = uuid.UUID(str(typed.get("image", "")))
    except ValueError:
        return None
    return Image.objects.visible_to(actor).select_related("os_version", "backup__zone").filter(pk=pk).first()


def _system_disk(server: Server) -> Disk | None:
    return server.disks.attached().filter(role=Disk.Role.SYSTEM).first()


def _page(
    request: ActorRequest,
    form: ChangeOsForm,
    server: Server,
    typed: dict[str, Any],
    host: Host,
    verb: Verb,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    image = chosen_image(typed, actor)
    tab = str(typed.get("tab") or (kind_of(image, actor) if image else TABS[0]))
    word = str(typed.get("image_q", ""))
    context = {
        "active": "servers",
        "server": server,
        "form": form,
        "verb": verb,
        "is_change": verb is CHANGE,
        "image": image,
        "tab": tab,
        "tabs": list(CHOSEN_AMONG.items()),
        "images": _image_choices(server, actor, image, tab, word, host) if verb is CHANGE else [],
        "image_q": word,
        "former": _system_disk(server),
        "may": verb.may(server, actor),
        "runs": can_run_guests(host.capabilities),
        "has_key_pairs": KeyPair.objects.visible_to(actor).exists(),
    }
    return render_page(
        request, "images/change_os/change_os.html", "images/change_os/_choices.html", context, status
    )


def _image_choices(
    server: Server, actor: Actor, chosen: Image | None, tab: str, word: str, host: Host
) -> list[Choice]:
    """The images of a tab in state Normal; those the server cannot become stand last, with the reason."""
    rows = images_to_choose(actor, tab, word)
    choices = [Choice(image, can_become(server, image, actor, host), image == chosen) for image in rows]
    return sorted(choices, key=lambda choice: not choice.verdict)


def images_to_choose(actor: Actor, tab: str, word: str) -> list[Image]:
    """The images of a tab in state Normal, by name, deprecated ones last; with a word in their name, if one is given."""
    images = of_kind(Image.objects.visible_to(actor), tab, actor).filter(status=Image.Status.ACTIVE)
    if word:
        images = images.filter(name__icontains=word)
    images = images.select_related("os_version", "successor", "backup__zone", "key")
    rows = list(images.prefetch_related("key__grants").kept_up_first()[:SHOWN_IMAGES])
    load_products(rows, actor)
    return rows
