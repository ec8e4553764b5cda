"""What uses an image now, as far as the reader may know: shown on its page and before it is deleted.

Another kind of use is another function in `uses_of`.
"""

from dataclasses import dataclass, field

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Disk, Server
from imsconsole.jobs.models import Job

SHOWN = 10


@dataclass(frozen=True)
class ImageUser:
    """One thing that uses the image. `status` is the key of its dot."""

    name: str | Promise
    status: str
    status_label: str | Promise
    url: str = ""
    note: str | Promise = ""


@dataclass(frozen=True)
class Use:
    """One kind of things that use an image: the first few, how many there are, what deleting does to them."""

    key: str
    title: str | Promise
    effect: str | Promise
    total: int
    users: list[ImageUser] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.total - len(self.users)


def uses_of(image: Image, actor: Actor) -> list[Use]:
    """All kinds of use, also those that nobody makes of it.

    Only of the actor's project: a public image must not tell who else uses it.
    """
    uses = [_servers(image, actor), _disks(image, actor), _jobs(image, actor)]
    return [*uses, _receivers(image)] if image.project_id == actor.project.pk else uses


def _receivers(image: Image) -> Use:
    """The projects an image is shared with, each with the number of its servers: for its owner only (R86)."""
    with_it = Project.objects.filter(received_shares__image=image, received_shares__ended_at=None)
    servers = Server.objects.filter(project=OuterRef("pk"), image=image, deleted_at=None).order_by()
    counts = servers.values("project").annotate(n=Count("pk")).values("n")
    projects = with_it.annotate(n=Coalesce(Subquery(counts), 0)).order_by("-n", "pk")
    manage = "" if image.is_gone else reverse("sharing:members", args=[image.pk])
    users = [
        ImageUser(
            str(project.pk),
            "active" if project.n else "stopped",
            ngettext("%(n)s server", "%(n)s servers", project.n) % {"n": project.n},
            manage,
        )
        for project in projects[:SHOWN]
    ]
    effect = (
        _("They have lost it already, and cannot have it back then.")
        if image.is_gone
        else _("They lose it: at once, on a day that you name, or when each has its own copy, as you choose.")
    )
    return Use("receivers", _("Projects it is shared with"), effect, with_it.count(), users)


def _servers(image: Image, actor: Actor) -> Use:
    servers = Server.objects.visible_to(actor).existing().filter(image=image)
    users = [
        ImageUser(
            server.name,
            server.status,
            server.get_status_display(),
            server.get_absolute_url(),
            server.flavor_id,
        )
        for server in servers[:SHOWN]
    ]
    effect = _("They run on without the image, but their OS can no longer be reinstalled.")
    return Use("servers", _("Servers"), effect, servers.count(), users)


def _disks(image: Image, actor: Actor) -> Use:
    """System disks made from it; also those that are kept after a change of OS."""
    disks = Disk.objects.visible_to(actor).existing().filter(image=image).select_related("server")
    users = [
        ImageUser(
            disk.name,
            disk.status,
            disk.get_status_display(),
            disk.server.get_absolute_url() if disk.server else "",
            f"{disk.size_gb} GB",
        )
        for disk in disks.order_by("-created_at", "pk")[:SHOWN]
    ]
    effect = _("They keep their content: each holds the bytes it was made from.")
    return Use("disks", _("Disks"), effect, disks.count(), users)


def _jobs(image: Image, actor: Actor) -> Use:
    """Work that is going on: on the image, or on a server that is made from it."""
    servers = Server.objects.visible_to(actor).existing().filter(image=image)
    busy = servers.filter(status__in=[Server.Status.CREATING, Server.Status.REINSTALLING])
    jobs = Job.objects.visible_to(actor).live()
    jobs = jobs.filter(Q(subject_id=image.pk) | Q(subject_id__in=busy.values("pk")))
    users = [
        ImageUser(job.title, job.status, job.status_label, job.get_absolute_url(), job.subject_name)
        for job in jobs[:SHOWN]
    ]
    effect = _("While they are running the image cannot be deleted.")
    return Use("jobs", _("Running jobs"), effect, jobs.count(), users)
