"""What is in a server's tray changes: the machine first, then the row. Nothing else is done to the server meanwhile."""

from contextlib import suppress

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.engines import engine_of
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.jobs import bytes_of, idle_subject, subject_of
from imsconsole.cloud.servers.specs import server_spec
from imsconsole.core.errors import NotFound
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run


class TrayKind(JobKind):
    """What both share: the server's task."""

    queue = QUICK
    can_cancel = False

    def settle(self, job: Job, state: str) -> None:
        Server.objects.filter(pk=job.subject_id, task=Server.Task.ISO).update(task="")

    def resume(self, job: Job) -> None:
        occupy(idle_subject(job))

    def eject_now(self, run: Run) -> None:
        server = subject_of(run.job)
        engine_of(server).eject_iso(server_spec(server), work=run)
        with run.fenced():
            Server.objects.filter(pk=server.pk).update(iso=None, iso_ref="")


class MountIso(TrayKind):
    """`args`: `image_id`, `image_name` and `image_ref`, the ISO's. What was there before leaves, also when it fails."""

    kind = "server.mount-iso"
    title = _("Mount ISO")
    steps = {"mount": _("Put the ISO into the drive")}

    def mount(self, run: Run) -> None:
        server = subject_of(run.job)
        with bytes_of(run.args["image_name"]):
            ref = engine_of(server).mount_iso(server_spec(server), run.args["image_ref"], work=run)
        with run.fenced():
            Server.objects.filter(pk=server.pk).update(iso=run.args["image_id"], iso_ref=ref)

    def undo_mount(self, run: Run) -> None:
        with suppress(NotFound):
            self.eject_now(run)


class EjectIso(TrayKind):
    kind = "server.eject-iso"
    title = _("Eject ISO")
    steps = {"eject": _("Take the ISO out of the drive")}

    def eject(self, run: Run) -> None:
        self.eject_now(run)


def occupy(server: Server) -> Server:
    """Keep everybody else from the server, whose row is held."""
    server.task = Server.Task.ISO
    server.save(update_fields=["task"])
    return server
