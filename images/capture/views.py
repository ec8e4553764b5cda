"""Images of a server and of disks: which one, what it is called, and once more before it begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.capture.forms import CaptureForm, SourceServerForm, first_values
from images.capture.rules import can_capture
from images.capture.services import capture_data_disks, capture_disk, capture_server
from images.create.sources import DISK, SERVER, STEPS, frame, kinds_context, page_url, type_in
from images.models import Image
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Typed, Wizard
from imsconsole.cloud.disks.rules import can_capture_disk, can_capture_disks
from imsconsole.cloud.models import Disk, Server
from imsconsole.core.query_string import id_of
from imsconsole.core.rules import Verdict
from imsconsole.core.summary import Summary

CAPTURE = Wizard(
    "images.capture",
    gettext_lazy("Create image"),
    "images:capture",
    STEPS,
)


@dataclass(frozen=True)
class CaptureChoice:
    """A disk one may choose, or why not."""

    thing: Disk
    verdict: Verdict
    is_chosen: bool


@form_view
def choose_server(request: ActorRequest) -> HttpResponse:
    """Step 1 of a system disk image of a server."""
    may, typed = can_capture(request.actor), request.POST if request.method == "POST" else None
    form = SourceServerForm(typed, actor=request.actor, initial={"server": id_of(request.GET.get("server"))})
    if typed is not None and not form.is_refreshed:
        may.require()
    if form.is_valid():
        server = str(form.cleaned_data["server"].pk)
        return CAPTURE.go(CAPTURE.begin(request.actor, type=Image.Type.SYSTEM, server=server), "details")
    context = {**frame(), "verdict": may, **kinds_context(Image.Type.SYSTEM, SERVER)}
    return CAPTURE.page(request, "images/capture/from_server.html", "source", form, **context)


@form_view
def choose_disks(request: ActorRequest) -> HttpResponse:
    """Step 1 of a system disk image of a disk, and of data disk images of several."""
    given = request.POST or request.GET
    image_type, asked = type_in(given.get("type", ""), DISK), _ids(given, "disk")
    disks = Disk.objects.visible_to(request.actor).existing().filter(beside=False)
    if image_type == Image.Type.DATA:
        disks = disks.filter(role=Disk.Role.DATA)
    rows = disks.select_related("server", "image", "key").order_by(
        "server__name", "server", "index", "name", "pk"
    )
    choices = [CaptureChoice(each, can_capture_disk(each, request.actor), each.pk in asked) for each in rows]
    chosen = [each.thing for each in choices if each.is_chosen]
    verdict = _verdict_on(chosen, image_type, request)
    data = {"type": image_type, "disks": [str(each.pk) for each in chosen]}
    return _chosen(request, choices, verdict, data)


def _ids(given: QueryDict, name: str) -> set[UUID]:
    """The IDs among the values of that name; anything else is left out."""
    return {pk for each in given.getlist(name) if (pk := id_of(each))}


def _verdict_on(disks: Sequence[Disk], image_type: str, request: ActorRequest) -> Verdict | None:
    if image_type == Image.Type.DATA:
        return can_capture_disks(disks, request.actor) if disks else None
    return can_capture_disk(disks[0], request.actor) if disks else None


def _chosen(
    request: ActorRequest, choices: Sequence[CaptureChoice], verdict: Verdict | None, data: dict[str, Any]
) -> HttpResponse:
    """On to step 2 with a draft, or the page with what is wrong. `verdict` is None while nothing is chosen."""
    may, problem = can_capture(request.actor), ""
    if request.method == "POST":
        may.require()
        if verdict:
            return CAPTURE.go(CAPTURE.begin(request.actor, **data), "details")
        problem = str(verdict.reason) if verdict is not None else _("Choose what the image is made of.")
    context = {
        **frame(),
        "choices": choices,
        "verdict": may,
        "problem": problem,
        **kinds_context(data["type"], DISK),
    }
    return CAPTURE.page(
        request, "images/capture/from_disk.html", "source", status=422 if problem else 200, **context
    )


class CaptureOrder:
    """A draft with its server, or its disks, as they are now."""

    def __init__(self, draft: Draft, actor: Actor) -> None:
        self.actor, self.image_type = actor, draft.data["type"]
        servers = Server.objects.visible_to(actor).existing().select_related("image__os_version")
        disks = Disk.objects.visible_to(actor).existing().select_related("image", "server", "key")
        self.is_of_server = bool(draft.data.get("server"))
        self.server = servers.filter(pk=draft.data["server"]).first() if self.is_of_server else None
        if self.is_of_server:
            disks = disks.filter(server=draft.data["server"], beside=False, role=Disk.Role.SYSTEM)
        else:
            disks = disks.filter(pk__in=draft.data["disks"])
        self.disks = list(disks.order_by("index", "name"))
        wanted = 1 if self.is_of_server else len(draft.data["disks"])
        is_server_there = bool(self.server) or not self.is_of_server
        self.is_there = is_server_there and len(self.disks) == wanted > 0

    def form(self, typed: Typed) -> CaptureForm:
        what = {"image_type": self.image_type, "server": self.server, "disks": self.disks}
        initial = first_values(self.server, self.disks, self.actor)
        return CaptureForm(typed, prefix="details", initial=initial, actor=self.actor, **what)

    def summary(self, form: CaptureForm) -> Summary:
        count = len(self.disks)
        return Summary(
            facts=[
                (_("Image type"), Image.Type(self.image_type).label),
                (_("Source"), self.server or ", ".join(disk.name for disk in self.disks)),
                *((_("Name"), field.value()) for field in form.name_fields()),
            ],
            quota={"images": count, "store_bytes": 0},
            verdict=can_capture(self.actor, count),
        )

    def shown(self, form: CaptureForm) -> dict[str, Any]:
        return {
            **frame(),
            "summary": self.summary(form),
            "image_type": self.image_type,
            "type_label": Image.Type(self.image_type).label,
            "server": self.server,
            "disks": self.disks,
            "source_url": self.source_url(),
        }

    def source_url(self) -> str:
        if self.is_of_server:
            return page_url(self.image_type, SERVER, server=str(self.server.pk) if self.server else "")
        chosen = "".join(f"&disk={disk.pk}" for disk in self.disks)
        return f"{page_url(self.image_type, DISK)}{chosen}"

    def make(self, form: CaptureForm) -> Made:
        images = self._capture(form)
        if len(images) > 1:
            text = _("%(count)s images are being created.") % {"count": len(images)}
            return Made(f"{reverse('images:list')}?tab=private", text)
        return Made(
            images[0].get_absolute_url(), _("“%(name)s” is being created.") % {"name": images[0].name}
        )

    def _capture(self, form: CaptureForm) -> list[Image]:
        actor, names, values = self.actor, form.names(), form.values()
        if self.image_type == Image.Type.DATA:
            return capture_data_disks(names, actor=actor, **values)
        name = next(iter(names.values()))
        if self.server:
            return [capture_server(self.server, name=name, actor=actor, **values)]
        return [capture_disk(self.disks[0], name=name, actor=actor, **values)]


def _turn_back(request: ActorRequest, order: CaptureOrder) -> HttpResponse:
    messages.warning(request, _("What this draft was to be made of is no longer there."))
    return redirect(order.source_url())


@CAPTURE.step
def details(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Step 2."""
    order = CaptureOrder(draft, request.actor)
    if not order.is_there:
        return _turn_back(request, order)
    form = order.form(CAPTURE.typed(request, draft, "details"))
    if CAPTURE.takes(request, draft, "details", form):
        return CAPTURE.go(draft, "confirm")
    before = order.source_url()
    return CAPTURE.page(
        request, "images/capture/details.html", "details", form, back_url=before, **order.shown(form)
    )


@CAPTURE.step
def confirm(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Step 3: read once more."""
    order = CaptureOrder(draft, request.actor)
    if not order.is_there:
        return _turn_back(request, order)
    form = order.form(CAPTURE.kept(draft, "details"))
    if answer := CAPTURE.ends(request, draft, form, make=partial(order.make, form), back="details"):
        return answer
    context = {
        **order.shown(form),
        "chosen": form.cleaned_data,
        "names": list(form.names().values()),
        "key_name": None,
    }
    before = CAPTURE.url(draft, "details")
    return CAPTURE.page(request, "images/capture/confirm.html", "confirm", back_url=before, **context)
