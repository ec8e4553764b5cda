"""Quotas of a project: used, reserved, and the question whether more fits. Hard by the project's row lock."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Count, F, Max, QuerySet, Sum
from django.utils.translation import gettext as _

from imsconsole.accounts.models import Project
from imsconsole.accounts.resources import TITLES
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.text import size
from imsconsole.jobs.models import Job, Reservation

Rows = Iterable[Mapping[str, Any]]  # one per project that has something: `project` and the counted resources


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
    return used_in([project], resources)[project.pk]


def used_in(
    projects: Iterable[Project], resources: Iterable[str] = tuple(TITLES)
) -> dict[Any, dict[str, int]]:
    """As `used_by`, for many projects by their key in the same few queries."""
    wanted = set(resources)
    used: dict[Any, dict[str, int]] = {project.pk: {} for project in projects}
    for counted, count in COUNTS.items():
        if wanted & set(counted):
            for amounts in used.values():
                amounts |= dict.fromkeys(counted, 0)
            for row in count(list(used)):
                used[row["project"]] |= {resource: row[resource] or 0 for resource in counted}
    counted_now = [resource for counted in COUNTS if wanted & set(counted) for resource in counted]
    rows = Reservation.objects.filter(project__in=list(used), resource__in=counted_now)
    for row in rows.values("project", "resource").annotate(total=Sum("amount")):
        used[row["project"]][row["resource"]] += row["total"]
    return used


def _images(projects: list[Any]) -> Rows:
    images = apps.get_model("images", "Image").objects.exclude(status__in=["trashed", "deleted"])
    return _per_project(images, projects).annotate(images=Count("pk"))


def _servers(projects: list[Any]) -> Rows:
    servers = apps.get_model("cloud", "Server").objects.filter(deleted_at=None)
    sums = {"vcpus": Sum("flavor__vcpus"), "memory_mb": Sum("flavor__memory_mb")}
    return _per_project(servers, projects).annotate(servers=Count("pk"), **sums)


def _disks(projects: list[Any]) -> Rows:
    disks = apps.get_model("cloud", "Disk").objects.filter(deleted_at=None)
    return _per_project(disks, projects).annotate(disks=Count("pk"), disk_gb=Sum("size_gb"))


def _store(projects: list[Any]) -> Rows:
    """Of images and backups. Bytes that several of a project are links to count once, while one of them is there."""
    images = apps.get_model("images", "ImageDisk").objects.exclude(image__status="deleted")
    backups = apps.get_model("cloud", "BackupDisk").objects.filter(backup__deleted_at=None)
    files: dict[tuple[Any, Any], int] = {}
    for disks, owner, bytes_id in (
        (images, "image__project", "bytes_id"),
        (backups, "backup__project", "pk"),
    ):
        mine = disks.filter(**{f"{owner}__in": projects}).order_by()
        for row in mine.values(project=F(owner), file=F(bytes_id)).annotate(largest=Max("size_bytes")):
            file = row["project"], row["file"]
            files[file] = max(files.get(file, 0), row["largest"])
    sums: dict[Any, int] = {}
    for (project, _file), size_bytes in files.items():
        sums[project] = sums.get(project, 0) + size_bytes
    return [{"project": project, "store_bytes": total} for project, total in sums.items()]


def _vaults(projects: list[Any]) -> Rows:
    vaults = apps.get_model("cloud", "Vault").objects.filter(deleted_at=None)
    return _per_project(vaults, projects).annotate(vault_gb=Sum("capacity_gb"))


def _uploads(projects: list[Any]) -> Rows:
    uploads = apps.get_model("images", "Upload").objects.all()
    return _per_project(uploads, projects).annotate(upload_bytes=Sum("size_bytes"))


def _buckets(projects: list[Any]) -> Rows:
    return _per_project(apps.get_model("cloud", "Bucket").objects.all(), projects).annotate(
        buckets=Count("pk")
    )


def _objects(projects: list[Any]) -> Rows:
    objects = apps.get_model("cloud", "BucketObject").objects.filter(bucket__project__in=projects)
    return objects.order_by().values(project=F("bucket__project")).annotate(bucket_bytes=Sum("size_bytes"))


def _per_project(rows: "QuerySet[Any]", projects: list[Any]) -> Any:
    return rows.filter(project__in=projects).order_by().values("project")


# which resources one query counts
COUNTS: Mapping[tuple[str, ...], Callable[[list[Any]], Rows]] = {
    ("images",): _images,
    ("servers", "vcpus", "memory_mb"): _servers,
    ("disks", "disk_gb"): _disks,
    ("store_bytes",): _store,
    ("vault_gb",): _vaults,
    ("upload_bytes",): _uploads,
    ("buckets",): _buckets,
    ("bucket_bytes",): _objects,
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


def nearly_full(projects: Iterable[Project], percent: int) -> list[tuple[Project, QuotaLine]]:
    """Each quota of which a project uses at least `percent`, the fullest first. A few queries for all of them."""
    found = list(projects)
    used = used_in(found)
    lines = (
        (project, QuotaLine(resource, used[project.pk][resource], project.quota(resource)))
        for project in found
        for resource in TITLES
    )
    full = [(project, line) for project, line in lines if line.used and line.percent >= percent]
    return sorted(full, key=lambda each: -each[1].percent)


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
    """Lock the project's row until the transaction ends, so that its quota cannot be passed by two at once.

    `project` gets the limits as they are now. The lock does not keep others from adding rows that only
    refer to the project (`no_key`), or two who lock other rows as well would wait for each other.
    """
    project.quotas = Project.objects.select_for_update(no_key=True).get(pk=project.pk).quotas


def reserve(job: Job) -> None:
    """Reserve what a job says it needs until it ends. Raises Refused when that does not fit."""
    project = job.quota_project
    if not (job.reserves and project):
        return
    lock_project(project)
    fits_quota(project, job.reserves).require()
    Reservation.objects.bulk_create(
        Reservation(job=job, project=project, resource=resource, amount=amount)
        for resource, amount in job.reserves.items()
    )


def _amount(resource: str, amount: int) -> str:
    return size(amount) if resource.endswith("_bytes") else str(amount)
