"""Quotas of a project: used, reserved, and the question whether more fits. Hard by the project's row lock."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from imsconsole.accounts.models import Project
from imsconsole.accounts.resources import TITLES
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.text import size
from imsconsole.jobs.models import Job, Reservation


@dataclass(frozen=True)
class QuotaLine:
    """One resource of a project: what is used (reservations included) of which limit, and what is wanted."""

    resource: str
    used: int
    limit: int
    wanted: int = 0

    @property
    def title(self) -> str:
        return str(TITLES[self.resource])

    @property
    def after(self) -> int:
        """What is used when the wanted is granted."""
        return self.used + self.wanted

    @property
    def fits(self) -> bool:
        return self.after <= self.limit

    @property
    def percent(self) -> int:
        return min(100, 100 * self.after // self.limit) if self.limit else 100

    @property
    def used_text(self) -> str:
        return _amount(self.resource, self.used)

    @property
    def after_text(self) -> str:
        return _amount(self.resource, self.after)

    @property
    def limit_text(self) -> str:
        return _amount(self.resource, self.limit)


def used_by(project: Project, resources: Iterable[str] = tuple(TITLES)) -> dict[str, int]:
    """What a project uses of `resources`, live reservations included; others may be counted along."""
    wanted = set(resources)
    used: dict[str, int] = {}
    for counted, count in COUNTS.items():
        if wanted & set(counted):
            used |= count(project)
    rows = Reservation.objects.filter(project=project, resource__in=list(used))
    for row in rows.values("resource").annotate(total=Sum("amount")):
        used[row["resource"]] += row["total"]
    return used


def _images(project: Project) -> dict[str, int]:
    images = apps.get_model("images", "Image").objects.filter(project=project).exclude(status="deleted")
    return {"images": images.count()}


def _servers(project: Project) -> dict[str, int]:
    servers = apps.get_model("cloud", "Server").objects.filter(project=project, deleted_at=None)
    found = servers.aggregate(n=Count("pk"), vcpus=Sum("flavor__vcpus"), memory=Sum("flavor__memory_mb"))
    return {"servers": found["n"], "vcpus": found["vcpus"] or 0, "memory_mb": found["memory"] or 0}


def _disks(project: Project) -> dict[str, int]:
    disks = apps.get_model("cloud", "Disk").objects.filter(project=project, deleted_at=None)
    found = disks.aggregate(n=Count("pk"), gb=Sum("size_gb"))
    return {"disks": found["n"], "disk_gb": found["gb"] or 0}


def _store(project: Project) -> dict[str, int]:
    disks = apps.get_model("images", "ImageDisk").objects.filter(image__project=project)
    stored = disks.exclude(image__status="deleted").aggregate(total=Sum("size_bytes"))
    return {"store_bytes": stored["total"] or 0}


def _uploads(project: Project) -> dict[str, int]:
    uploads = apps.get_model("images", "Upload").objects.filter(project=project)
    return {"upload_bytes": uploads.aggregate(total=Sum("size_bytes"))["total"] or 0}


# which resources one query counts
COUNTS: Mapping[tuple[str, ...], Callable[[Project], dict[str, int]]] = {
    ("images",): _images,
    ("servers", "vcpus", "memory_mb"): _servers,
    ("disks", "disk_gb"): _disks,
    ("store_bytes",): _store,
    ("upload_bytes",): _uploads,
}


def quota_lines(
    project: Project, wanted: Mapping[str, int] | None = None, used: Mapping[str, int] | None = None
) -> list[QuotaLine]:
    """Every quota of a project in the order they are shown; those of `wanted` only, when it is given.

    `used` is what was counted already.
    """
    used = used or used_by(project, TITLES if wanted is None else wanted)
    return [
        QuotaLine(resource, used[resource], project.quota(resource), (wanted or {}).get(resource, 0))
        for resource in TITLES
        if wanted is None or resource in wanted
    ]


def fits_quota(project: Project, wanted: Mapping[str, int], used: Mapping[str, int] | None = None) -> Verdict:
    """Whether all of `wanted` (resource → amount) still fits beside `used`, counted now if not given.

    Hard only after `lock_project`.
    """
    line = next((line for line in quota_lines(project, wanted, used) if not line.fits), None)
    if line is None:
        return ALLOWED
    return refuse(
        f"quota-{line.resource.replace('_', '-')}",
        _(
            "The quota of the project for “%(resource)s” is reached: %(used)s of %(limit)s are used and "
            "%(wanted)s more are needed. Delete what is no longer needed or ask the operator for more."
        )
        % {
            "resource": line.title,
            "used": line.used_text,
            "limit": line.limit_text,
            "wanted": _amount(line.resource, line.wanted),
        },
    )


def lock_project(project: Project) -> None:
    """Hold the project's row until the transaction ends, so that its quota cannot be passed by two at once.

    `project` gets the limits as they are now. The lock does not keep others from adding rows that only
    refer to the project (`no_key`), or two who hold other rows as well would wait for each other.
    """
    project.quotas = Project.objects.select_for_update(no_key=True).get(pk=project.pk).quotas


def reserve(job: Job) -> None:
    """Reserve what a job says it needs until it ends. Raises Refused when that does not fit."""
    if not (job.reserves and job.project):
        return
    lock_project(job.project)
    fits_quota(job.project, job.reserves).require()
    Reservation.objects.bulk_create(
        Reservation(job=job, project=job.project, resource=resource, amount=amount)
        for resource, amount in job.reserves.items()
    )


def _amount(resource: str, amount: int) -> str:
    return size(amount) if resource.endswith("_bytes") else str(amount)
