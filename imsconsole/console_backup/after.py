"""What went on when a backup was made has ended by the time it is restored: jobs are undone, servers are stopped, uploads are gone."""

import logging
from uuid import UUID

from images.models import Download, Upload
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.reconcile import reconcile_server
from imsconsole.cloud.servers.states import change_status
from imsconsole.console_backup.jobs import BackUpConsole
from imsconsole.console_backup.manifest import Manifest
from imsconsole.core.errors import ImsError
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import run_job

logger = logging.getLogger(__name__)
HOLDER = "restore"
ENDED = "restored"  # the code of what is said of it


def end_what_went_on(manifest: Manifest) -> None:
    """May be called again. What cannot be undone now, as its region does not answer, the workers go on with."""
    _end_its_own_job(manifest)
    for pk in list(Job.objects.live().order_by("created_at").values_list("pk", flat=True)):
        _undo(pk)
    here = [code for code, engine in manifest.regions.items() if engine == "local"]
    for server in Server.objects.existing().filter(project__region__in=here, status=Server.Status.RUNNING):
        change_status(server, Server.Status.STOPPED, code=ENDED, ssh_port=None)
    for server in Server.objects.existing().filter(project__region__in=here).exclude(ref=""):
        try:
            reconcile_server(server)
        except ImsError as error:
            logger.warning("Server %s: what it does is not known yet: %s", server.pk, error)
    Upload.objects.all().delete()
    Download.objects.all().delete()


def _end_its_own_job(manifest: Manifest) -> None:
    """The job that made the backup was at work when its rows were read; so these do not say that it was made."""
    told = {
        name: getattr(manifest, name)
        for name in ("taken_at", "rows", "files", "size_bytes", "new_bytes", "warnings")
    }
    Job.objects.live().filter(kind=BackUpConsole.kind, pk=manifest.job).update(
        state=Job.State.DONE, finished_at=now(), lease_until=None, holder="", results={"back_up": told}
    )


def _undo(pk: UUID) -> None:
    """Undone by what its kind does when it fails."""
    Job.objects.live().filter(pk=pk).update(
        state=Job.State.QUEUED, outcome=Job.State.FAILED, error_code=ENDED, error_values={}, lease_until=None, holder="",
        deaths=0, put_off_until=None, put_offs=0,
    )  # fmt: skip
    run_job(str(pk), HOLDER)
