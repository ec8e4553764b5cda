"""Create a full-ECS image of a server, or of a backup: of which, what it is called, and once more before it begins."""

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.capture.full.forms import FullForm, OfBackupForm, OfServerForm
from images.capture.full.rules import can_capture_full, can_capture_full_into, can_make_of_backup
from images.capture.full.services import capture_full, make_of_backup
from images.capture.rules import can_capture
from images.create.sources import BACKUP, SERVER, SourceKind, kinds_context
from images.models import Image
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Typed, Wizard
from imsconsole.cloud.backups.filters import backups_of
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.models import Backup, Server, Vault
from imsconsole.core.rules import Verdict
from imsconsole.core.selection import Partition, split_by

TITLE = gettext_lazy("Create image")
STEPS = {"source": gettext_lazy("Type and source"), "confirm": gettext_lazy("Confirm")}
OF_SERVER = Wizard("images.full-of-server", TITLE, "images:create-full-of-server", STEPS)
OF_BACKUP = Wizard("images.full-of-backup", TITLE, "images:create-full-of-backup", STEPS)


@OF_SERVER.first
def of_server(request: ActorRequest, draft: Draft | None) -> HttpResponse:
    """Which server, into which vault; servers that cannot be captured stand below with the reason."""
    form, partition = _of_server(request, OF_SERVER.typed(request, draft, "source"))
    return _source(request, OF_SERVER, draft, form, partition, SERVER)


@OF_BACKUP.first
def of_backup(request: ActorRequest, draft: Draft | None) -> HttpResponse:
    """Which backup; those that make no image (any more) stand below with the reason."""
    form, partition = _of_backup(request, OF_BACKUP.typed(request, draft, "source"))
    return _source(request, OF_BACKUP, draft, form, partition, BACKUP)


@OF_SERVER.step
def confirm_of_server(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Read once more."""
    form, _partition = _of_server(request, OF_SERVER.kept(draft, "source"))

    def verdict(server: Server, vault: Vault, **_about: Any) -> Verdict:
        return can_capture_full_into(server, vault, request.actor)

    return _confirm(request, OF_SERVER, draft, form, capture_full, verdict)


@OF_BACKUP.step
def confirm_of_backup(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Read once more."""
    form, _partition = _of_backup(request, OF_BACKUP.kept(draft, "source"))

    def verdict(backup: Backup, **_about: Any) -> Verdict:
        return can_make_of_backup(backup, request.actor)

    return _confirm(request, OF_BACKUP, draft, form, make_of_backup, verdict)


def _of_server(request: ActorRequest, typed: Typed) -> tuple[OfServerForm, Partition[Server]]:
    actor = request.actor
    servers = Server.objects.visible_to(actor).existing().order_by("name")
    partition = split_by(servers, lambda server: can_capture_full(server, actor))
    first = {"server": _named(request, "server")}
    return OfServerForm(
        typed, actor=actor, sources=servers, offered=partition.allowed, initial=first
    ), partition


def _of_backup(request: ActorRequest, typed: Typed) -> tuple[OfBackupForm, Partition[Backup]]:
    actor = request.actor
    backups = backups_of(actor).order_by("-created_at")
    partition = split_by(backups, lambda backup: can_make_of_backup(backup, actor))
    first = {"backup": _named(request, "backup")}
    return OfBackupForm(
        typed, actor=actor, sources=backups, offered=partition.allowed, initial=first
    ), partition


def _named(request: ActorRequest, name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def _source(
    request: ActorRequest,
    wizard: Wizard,
    draft: Draft | None,
    form: FullForm,
    partition: Partition[Any],
    source: SourceKind,
) -> HttpResponse:
    """The first page, and its answer."""
    verdict = can_capture(request.actor)
    if answer := wizard.starts(request, draft, form, verdict=verdict):
        return answer
    about = {"partition": partition, "has_vaults": vaults_of(request.actor).exists(), "verdict": verdict}
    return _page(request, wizard, "source", form, **about, **kinds_context(Image.Type.FULL, source))


def _confirm(
    request: ActorRequest,
    wizard: Wizard,
    draft: Draft,
    form: FullForm,
    create: Callable[..., Image],
    verdict: Callable[..., Verdict],
) -> HttpResponse:
    """What will be made; and the answer."""

    def make() -> Made:
        image = create(**form.cleaned_data, actor=request.actor)
        return Made(
            image.get_absolute_url(), _("The image “%(name)s” is being created.") % {"name": image.name}
        )

    if answer := wizard.ends(request, draft, form, make=make):
        return answer
    return _page(
        request,
        wizard,
        "confirm",
        form,
        needed={"images": 1},
        verdict=verdict(**form.cleaned_data),
        back_url=wizard.url(draft, "source"),
    )


def _page(request: ActorRequest, wizard: Wizard, step: str, form: FullForm, **context: Any) -> HttpResponse:
    url = reverse("images:list")
    about: dict[str, Any] = {"active": "images", "crumbs": [(url, _("Images"))], "cancel_url": url}
    return wizard.page(request, f"images/capture/full/{step}.html", step, form, **about, **context)
