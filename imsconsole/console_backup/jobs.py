"""The job that makes a backup of the console."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import engine_for
from imsconsole.console_backup.listed import Listed
from imsconsole.console_backup.make import make_backup, stamps_of
from imsconsole.console_backup.manifest import files_of
from imsconsole.console_backup.places import BackupError, Place
from imsconsole.console_backup.prune import prune
from imsconsole.console_backup.where import claim_place, place_at
from imsconsole.engine.api import OnHost
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.run import Run


class BackUpConsole(JobKind):
    """`console.backup`, about the platform's account. Args: `to` (where), `keep` (how many stay, 0 is all).

    It begins anew after the death of its worker; what has come to the place by then is not brought again.
    """

    kind = "console.backup"
    title = _("Back up the console")
    steps = {"back_up": _("Backing up"), "prune": _("Removing old backups")}

    def back_up(self, run: Run) -> dict[str, Any]:
        place = place_at(run.args["to"])
        claim_place(place, str(run.job.subject_id))
        name, made = make_backup(place, _last_stamps(place), job=run.job.pk, work=run)
        told = ("taken_at", "rows", "files", "size_bytes", "new_bytes")
        return {"name": name, "warnings": made.warnings, **{each: getattr(made, each) for each in told}}

    def prune(self, run: Run) -> None:
        prune(place_at(run.args["to"]), run.args["keep"], run)

    def sweep(self, run: Run) -> None:
        for region in Region.objects.all():
            engine = engine_for(region)
            if isinstance(engine, OnHost):
                engine.sweep(run.prefix)


def _last_stamps(place: Place) -> Listed:
    """None of a last backup that cannot be read: then all of this one is read anew."""
    try:
        return stamps_of(files_of(place, place.backups()[-1]))
    except (IndexError, OSError, EOFError, BackupError):
        return Listed()
