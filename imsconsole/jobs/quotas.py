"""Quotas of a project: used, reserved, and the question whether more fits. Hard by the project's row lock."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from imsconsole.accounts.models import Project
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.text import size
from imsconsole.jobs.models import Job, Reservation

TITLES = {
    "images": gettext_lazy("Private images"),
    "servers": gettext_lazy("Servers"),
    "vcpus": gettext_lazy("vCPUs"),
    "memory_mb": gettext_lazy("Memory (MB)"),
    "disks": gettext_lazy("Disks"),
    "disk_gb": gettext_lazy("Disk capacity (GB)"),
    "store_bytes": gettext_lazy("Image storage"),
    "upload_bytes": gettext_lazy("Uploads"),
}


@dataclass(frozen=True)
class QuotaLine:
    """One resource of a project: what is used (reservations included) of which limit."""

    resource: str
    used: int
    limit: int

    @property
    def title(self) -> str:
        return str(TITLES[self.resource])

    @property
    def is_bytes(self) -> bool:
        return self.resource.endswith("_bytes")

    @property
    def percent(self) -> int:
        return min(100, 100 * self.used // self.limit) if self.limit else 100


def used_by(project: Project) -> dict[str, int]:
    """What a project uses of each resource, live reservations included."""
    images = apps.get_model("images", "Image").objects.filter(project=project).exclude(status="deleted")
    uploads = apps.get_model("images", "Upload").objects.filter(project=project)
    servers = apps.get_model("cloud", "Server").objects.filter(project=project, deleted_at=None)
    disks = apps.get_model("cloud", "Disk").objects.filter(project=project, deleted_at=None)
    machine = servers.aggregate(n=Count("pk"), vcpus=Sum("flavor__vcpus"), memory=Sum("flavor__memory_mb"))
    disk = disks.aggregate(n=Count("pk"), gb=Sum("size_gb"))
    used = {
        "images": images.count(),
        "servers": machine["n"],
        "vcpus": machine["vcpus"] or 0,
        "memory_mb": machine["memory"] or 0,
        "disks": disk["n"],
        "disk_gb": disk["gb"] or 0,
        "store_bytes": images.aggregate(total=Sum("disks__size_bytes"))["total"] or 0,
        "upload_bytes": uploads.aggregate(total=Sum("size_bytes"))["total"] or 0,
    }
    rows = Reservation.objects.filter(project=project).values("resource").annotate(total=Sum("amount"))
    for row in rows:
        used[row["resource"]] += row["total"]
    return used


def quota_lines(project: Project) -> list[QuotaLine]:
    """Every quota of a project, in the order they are shown."""
    return [QuotaLine(resource, used, project.quota(resource)) for resource, used in used_by(project).items()]


def fits_quota(project: Project, wanted: Mapping[str, int]) -> Verdict:
    """Whether all of `wanted` (resource → amount) still fits. Hard only after `lock_project`."""
    used = used_by(project)
    for resource, amount in wanted.items():
        limit = project.quota(resource)
        if used[resource] + amount > limit:
            return refuse(
                f"quota-{resource.replace('_', '-')}",
                _(
                    "The quota of the project for “%(resource)s” is reached: %(used)s of %(limit)s are used and "
                    "%(wanted)s more are needed. Delete what is no longer needed or ask the operator for more."
                )
                % {
                    "resource": TITLES[resource],
                    "used": _amount(resource, used[resource]),
                    "limit": _amount(resource, limit),
                    "wanted": _amount(resource, amount),
                },
            )
    return ALLOWED


def lock_project(project: Project) -> None:
    """Hold the project's row until the transaction ends, so that its quota cannot be passed by two at once."""
    Project.objects.select_for_update().get(pk=project.pk)


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
