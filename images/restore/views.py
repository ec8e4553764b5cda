"""Restore a backup to a new server: its name and flavor, and once more before it begins."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.launch.fit import flavor_choices
from images.restore.forms import RestoreToNewForm
from images.restore.rules import can_restore_to_new
from images.restore.services import restore_to_new_server
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Typed, Wizard
from imsconsole.cloud.backups.filters import backups_of
from imsconsole.cloud.backups.rules import can_restore_backup
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.models import Backup

RESTORE = Wizard(
    "backups.restore-to-new",
    gettext_lazy("Restore to a new server"),
    "backups-restore-to-new",
    {"server": gettext_lazy("New server"), "confirm": gettext_lazy("Confirm")},
    lambda draft: {"backup_id": draft.data["backup"]},
)


@RESTORE.first
def restore_to_new(request: ActorRequest, draft: Draft | None, backup_id: uuid.UUID) -> HttpResponse:
    """Its name and flavor; its disks are those of the backup."""
    backup = _backup(request, backup_id)
    form = _form(request, backup, RESTORE.typed(request, draft, "server"))
    verdict = can_restore_backup(backup, request.actor)
    if answer := RESTORE.starts(request, draft, form, verdict=verdict, backup=str(backup.pk)):
        return answer
    flavors = flavor_choices(backup.image, form["flavor"].value(), form.host.capabilities)
    return _page(request, "server", backup, form, verdict=verdict, flavors=flavors)


@RESTORE.step
def confirm(request: ActorRequest, draft: Draft, backup_id: uuid.UUID) -> HttpResponse:
    """Read once more."""
    backup = _backup(request, backup_id)
    form = _form(request, backup, RESTORE.kept(draft, "server"))

    def make() -> Made:
        server = restore_to_new_server(backup, actor=request.actor, **form.cleaned_data)
        text = _("“%(server)s” is being created from the backup.") % {"server": server.name}
        return Made(server.get_absolute_url(), text)

    if answer := RESTORE.ends(request, draft, form, make=make):
        return answer
    flavor = form.cleaned_data["flavor"]
    return _page(
        request,
        "confirm",
        backup,
        form,
        verdict=can_restore_to_new(backup, flavor, request.actor),
        back_url=RESTORE.url(draft, "server"),
    )


def _backup(request: ActorRequest, backup_id: uuid.UUID) -> Backup:
    backups = backups_of(request.actor).select_related("image__os_version").prefetch_related("disks")
    return get_object_or_404(backups, pk=backup_id)


def _form(request: ActorRequest, backup: Backup, typed: Typed) -> RestoreToNewForm:
    return RestoreToNewForm(typed, backup=backup, actor=request.actor, host=host_of(request.actor.region))


def _page(
    request: ActorRequest, step: str, backup: Backup, form: RestoreToNewForm, **context: Any
) -> HttpResponse:
    url = backup.get_absolute_url()
    crumbs = [(reverse("backups:list"), _("Backups")), (url, backup.name)]
    about: dict[str, Any] = {"active": "backups", "backup": backup, "crumbs": crumbs, "cancel_url": url}
    about["summary"] = form.summary()
    return RESTORE.page(request, f"images/restore/{step}.html", step, form, **about, **context)
