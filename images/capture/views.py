"""Images of a server and of disks: which one, what it is called, and once more before it begins."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.capture.forms import CaptureForm, first_values
from images.capture.rules import can_capture
from images.capture.services import capture_data_disks, capture_disk, capture_server
from images.create.sources import DISK, SERVER, kinds_context, page_url, type_in
from images.fields.forms import ConfirmForm
from images.models import Image
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.drafts import begin_draft, find_draft
from imsconsole.cloud.disks.rules import can_capture_disk, can_capture_disks, can_capture_server
from imsconsole.cloud.keys.rules import with_locked_disks
from imsconsole.cloud.models import Disk, Server
from imsconsole.core.errors import ImsError
from imsconsole.core.rules import Verdict
from imsconsole.core.sentences import sentence_of
from imsconsole.core.wizard import DraftWizard

WIZARD = "images.capture"
UUID_TEXT = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
TITLES = {
    "source": gettext_lazy("Type and source"),
    "details": gettext_lazy("Image information"),
    "confirm": gettext_lazy("Confirm"),
}


@dataclass(frozen=True)
class CaptureChoice:
    """A server or disk one may choose, or why not."""

    thing: Server | Disk
    verdict: Verdict
    is_chosen: bool


@form_view
def choose_server(request: ActorRequest) -> HttpResponse:
    """Step 1 of a system disk image of a server."""
    servers = Server.objects.visible_to(request.actor).existing()
    rows = with_locked_disks(servers.select_related("image__os_version", "flavor").order_by("name", "pk"))
    asked = _ids(request.POST or request.GET, "server")
    choices = [
        CaptureChoice(each, can_capture_server(each, request.actor), each.pk in asked) for each in rows
    ]
    chosen = [each for each in choices if each.is_chosen]
    verdict = chosen[0].verdict if chosen else None
    data = {"type": Image.Type.SYSTEM, "server": str(chosen[0].thing.pk) if chosen else ""}
    return _chosen(request, "images/capture/from_server.html", choices, verdict, data, SERVER)


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
    verdict = _verdict_on([each for each in chosen if isinstance(each, Disk)], image_type, request)
    data = {"type": image_type, "disks": [str(each.pk) for each in chosen]}
    return _chosen(request, "images/capture/from_disk.html", choices, verdict, data, DISK)


def _ids(given: QueryDict, name: str) -> set[UUID]:
    """The IDs among the values of that name; anything else is left out."""
    return {UUID(each) for each in given.getlist(name) if UUID_TEXT.fullmatch(each)}


def _verdict_on(disks: Sequence[Disk], image_type: str, request: ActorRequest) -> Verdict | None:
    if image_type == Image.Type.DATA:
        return can_capture_disks(disks, request.actor) if disks else None
    return can_capture_disk(disks[0], request.actor) if disks else None


def _chosen(
    request: ActorRequest,
    template: str,
    choices: Sequence[CaptureChoice],
    verdict: Verdict | None,
    data: dict[str, Any],
    source: Any,
) -> HttpResponse:
    """On to step 2 with a draft, or the page with what is wrong. `verdict` is None while nothing is chosen."""
    may, problem = can_capture(request.actor), ""
    if request.method == "POST":
        may.require()
        if verdict:
            draft = begin_draft(WIZARD, request.actor, **data)
            return redirect("images:capture-step", draft_id=draft.pk, step="details")
        problem = str(verdict.reason) if verdict is not None else _("Choose what the image is made of.")
    context = {
        "active": "images",
        "choices": choices,
        "verdict": may,
        "problem": problem,
        **kinds_context(data["type"], source),
        "steps": list(TITLES.items()),
    }
    return render(request, template, context, status=422 if problem else 200)


class CaptureWizard(DraftWizard):
    """Steps 2 and 3, on a draft that knows its type, and its server or its disks."""

    form_list = [("details", CaptureForm), ("confirm", ConfirmForm)]
    storage_name = "imsconsole.accounts.drafts.DraftStorage"
    url_name = "images:capture-step"
    done_step_name = "done"
    titles = TITLES
    template_names = {
        "details": "images/capture/details.html",
        "confirm": "images/capture/confirm.html",
    }
    image_type: str
    server: Server | None
    disks: list[Disk]

    def dispatch(self, request: ActorRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        draft = request.draft = find_draft(WIZARD, kwargs["draft_id"], request.actor)  # type: ignore[attr-defined]
        self.image_type = draft.data["type"]
        if not self._found(draft.data, request):
            messages.warning(request, _("What this draft was to be made of is no longer there."))
            return redirect(page_url(self.image_type, SERVER if draft.data.get("server") else DISK))
        return super().dispatch(request, *args, **kwargs)

    def _found(self, data: dict[str, Any], request: ActorRequest) -> bool:
        """Whether the server or all disks of the draft are still there, and fill them in."""
        servers = Server.objects.visible_to(request.actor).existing().select_related("image__os_version")
        disks = Disk.objects.visible_to(request.actor).existing().select_related("image", "server", "key")
        self.server = servers.filter(pk=data["server"]).first() if data.get("server") else None
        if self.server:
            disks = disks.filter(server=self.server, beside=False, role=Disk.Role.SYSTEM)
        else:
            disks = disks.filter(pk__in=data.get("disks", []))
        self.disks = list(disks.order_by("index", "name"))
        return bool(self.disks) and (self.server is not None or len(self.disks) == len(data["disks"]))

    def get_form_kwargs(self, step: str | None = None) -> dict[str, Any]:
        if step != "details":
            return {}
        what = {"image_type": self.image_type, "server": self.server, "disks": self.disks}
        return {"actor": self.request.actor, **what}

    def get_form_initial(self, step: str) -> dict[str, Any]:
        return first_values(self.server, self.disks, self.request.actor) if step == "details" else {}

    def get_context_data(self, form: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(form=form, **kwargs)
        if self.steps.current == "confirm":
            details = self.get_form("details", data=self.storage.get_step_data("details"))
            details.is_valid()
            context |= {"chosen": details.cleaned_data, "names": list(details.names().values())}
        return context | {
            "active": "images",
            "image_type": self.image_type,
            "type_label": Image.Type(self.image_type).label,
            "server": self.server,
            "disks": self.disks,
            "source_url": self._source_url(),
        }

    def _source_url(self) -> str:
        if self.server:
            return page_url(self.image_type, SERVER, server=str(self.server.pk))
        chosen = "".join(f"&disk={disk.pk}" for disk in self.disks)
        return f"{page_url(self.image_type, DISK)}{chosen}"

    def done(self, form_list: Any, form_dict: dict[str, Any], **kwargs: Any) -> HttpResponse:
        try:
            images = self._capture(form_dict["details"])
        except ImsError as error:
            messages.error(self.request, sentence_of(error))
            return redirect(self.get_step_url("details"))
        self.storage.draft.delete()
        if len(images) > 1:
            messages.success(self.request, _("%(count)s images are being created.") % {"count": len(images)})
            return redirect(f"{reverse('images:list')}?tab=private")
        messages.success(self.request, _("“%(name)s” is being created.") % {"name": images[0].name})
        return redirect(images[0])

    def _capture(self, form: CaptureForm) -> list[Image]:
        actor, names, values = self.request.actor, form.names(), form.values()
        if self.image_type == Image.Type.DATA:
            return capture_data_disks(names, actor=actor, **values)
        name = next(iter(names.values()))
        if self.server:
            return [capture_server(self.server, name=name, actor=actor, **values)]
        return [capture_disk(self.disks[0], name=name, actor=actor, **values)]


capture_step = form_view(CaptureWizard.as_view(url_name=CaptureWizard.url_name, done_step_name="done"))
