"""Create a full-ECS image of a server, or of a backup: of which, what it is called, and once more before it begins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.capture.full.forms import OfBackupForm, OfServerForm
from images.capture.full.rules import can_capture_full_into, can_make_of_backup
from images.capture.full.services import capture_full, make_of_backup
from images.capture.rules import can_capture
from images.create.sources import BACKUP, SERVER, SourceKind, frame, kinds_context
from images.models import Image
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft
from imsconsole.accounts.rules import may_write
from imsconsole.accounts.wizards import Made, Typed, Wizard
from imsconsole.cloud.backups.filters import backups_of
from imsconsole.cloud.backups.rules import can_back_up, can_become_image, reserved_for, with_present_disks
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import Server
from imsconsole.core.query_string import id_of
from imsconsole.core.rules import Verdict
from imsconsole.core.summary import Summary

Form = OfServerForm | OfBackupForm


@dataclass(frozen=True)
class Way:
    """What images of servers and of backups differ in. `may` is asked of each thing, `may_order` of all that was chosen.

    Whether the project may have another image is asked once for all things, and again at the end.
    """

    source: SourceKind
    form: type[Form]
    things: Callable[[Actor], "QuerySet[Any]"]
    may: Callable[..., Verdict]
    may_order: Callable[[Mapping[str, Any], Actor], Verdict]
    create: Callable[..., Image]

    @property
    def wizard(self) -> Wizard:
        steps = {"source": gettext_lazy("Type and source"), "confirm": gettext_lazy("Confirm")}
        urls = f"images:create-full-of-{self.source.key}"
        return Wizard(f"images.full-of-{self.source.key}", gettext_lazy("Create image"), urls, steps)

    def filled(self, request: ActorRequest, typed: Typed) -> Form:
        first = {self.source.key: id_of(request.GET.get(self.source.key))}
        things = self.things(request.actor)
        asked: dict[str, Any] = {
            "sources": things if may_write(request.actor) else things.none(),
            "initial": first,
        }
        rule = partial(self.may, actor=request.actor)
        return self.form(typed, actor=request.actor, rule=rule, **asked)

    def summary(self, form: Form) -> Summary:
        """The image as it is filled in now; of a server also the most that its backup can take."""
        asked = {self.source.key: form[self.source.key].chosen}  # type: ignore[attr-defined]
        asked |= {"vault": form.filled("vault")} if "vault" in form.fields else {}
        server = asked.get("server")
        return Summary(
            facts=[
                *((str(form[name].label), thing or "–") for name, thing in asked.items()),
                (_("Image name"), form["name"].value() or "–"),
            ],
            quota={"images": 1, **(reserved_for(server) if server else {})},
            verdict=self.may_order(asked, form.actor) if all(asked.values()) else can_capture(form.actor),
        )


OF_SERVER = Way(
    SERVER,
    OfServerForm,
    lambda actor: with_present_disks(Server.objects.visible_to(actor).existing().order_by("name", "pk")),
    lambda server, actor: can_back_up(server, actor, server.present_disks),
    lambda chosen, actor: can_capture_full_into(chosen["server"], chosen["vault"], actor),
    capture_full,
)
OF_BACKUP = Way(
    BACKUP,
    OfBackupForm,
    lambda actor: backups_of(actor).order_by("-created_at"),
    can_become_image,
    lambda chosen, actor: can_make_of_backup(chosen["backup"], actor),
    make_of_backup,
)


@OF_SERVER.wizard.first
def of_server(request: ActorRequest, draft: Draft | None) -> HttpResponse:
    """Which server, into which vault; those that cannot be captured say why."""
    return _choose(request, draft, OF_SERVER)


@OF_BACKUP.wizard.first
def of_backup(request: ActorRequest, draft: Draft | None) -> HttpResponse:
    """Which backup; those that make no image (any more) say why."""
    return _choose(request, draft, OF_BACKUP)


@OF_SERVER.wizard.step
def confirm_of_server(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Read once more."""
    return _confirm(request, draft, OF_SERVER)


@OF_BACKUP.wizard.step
def confirm_of_backup(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Read once more."""
    return _confirm(request, draft, OF_BACKUP)


def _choose(request: ActorRequest, draft: Draft | None, way: Way) -> HttpResponse:
    form = way.filled(request, way.wizard.typed(request, draft, "source"))
    verdict = can_capture(request.actor)
    if answer := way.wizard.starts(request, draft, form, verdict=verdict):
        return answer
    about = {"has_vaults": vaults_of(request.actor).exists(), "verdict": verdict}
    about |= {**kinds_context(Image.Type.FULL, way.source), "summary": way.summary(form)}
    return _page(request, way, "source", form, **about)


def _confirm(request: ActorRequest, draft: Draft, way: Way) -> HttpResponse:
    form = way.filled(request, way.wizard.kept(draft, "source"))

    def make() -> Made:
        image = way.create(**form.cleaned_data, actor=request.actor)
        text = _("The image “%(name)s” is being created.") % {"name": image.name}
        return Made(image.get_absolute_url(), text)

    if answer := way.wizard.ends(request, draft, form, make=make):
        return answer
    summary = way.summary(form)
    about = {"summary": summary, "verdict": summary.verdict}
    return _page(request, way, "confirm", form, **about, back_url=way.wizard.url(draft, "source"))


def _page(request: ActorRequest, way: Way, step: str, form: Form, **context: Any) -> HttpResponse:
    return way.wizard.page(request, f"images/capture/full/{step}.html", step, form, **frame(), **context)
