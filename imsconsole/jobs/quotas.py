"""Quotas of a project: used, reserved, and the question whether more fits. Hard by the project's row lock."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Project
from imsconsole.accounts.resources import TITLES
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.text import size
from imsconsole.jobs.models import Job, QuotaChange, Reservation
from imsconsole.jobs.run import Run


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
    """What a project uses of `resources`, live reservations included."""
    return used_in([project], resources)[project.pk]


def used_in(
    projects: Iterable[Project], resources: Iterable[str] = tuple(TITLES)
) -> dict[Any, dict[str, int]]:
    """As `used_by`, for many projects by their key in the same query."""
    used = {project.pk: dict.fromkeys(resources, 0) for project in projects}
    changed, reserved = (
        rows.filter(project__in=used, resource__in=list(resources))
        .order_by()
        .values_list("project", "resource")
        .annotate(total=Sum("amount"))
        for rows in (QuotaChange.objects, Reservation.objects)
    )
    for project, resource, total in changed.union(reserved, all=True):
        used[project][resource] += int(total)
    return used


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


def nearly_full(percent: int) -> list[tuple[Project, QuotaLine]]:
    """Each quota of which a project uses at least `percent`, the fullest first. In a fixed number of queries."""
    found = list(_perhaps_full(percent).select_related("account"))
    used = used_in(found)
    lines = (
        (project, QuotaLine(resource, used[project.pk][resource], project.quota(resource)))
        for project in found
        for resource in TITLES
    )
    full = [(project, line) for project, line in lines if line.used and line.percent >= percent]
    return sorted(full, key=lambda each: -each[1].percent)


def _perhaps_full(percent: int) -> "QuerySet[Project]":
    """Few of very many: who has used up to the service's limit, has a limit of its own, or has something reserved now."""
    enough = {resource: max(1, limit * percent // 100) for resource, limit in settings.IMS_QUOTAS.items()}
    reaches = reduce(or_, (Q(resource=resource, used__gte=least) for resource, least in enough.items()))
    used = QuotaChange.objects.order_by().values("project", "resource").annotate(used=Sum("amount"))
    ways = (
        used.filter(reaches).values("project"),
        Project.objects.order_by().exclude(quotas={}).values("pk"),
        Reservation.objects.order_by().values("project"),
    )
    return Project.objects.filter(pk__in=ways[0].union(*ways[1:]))


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
        ),
        resource=TITLES[line.resource],
        used=line.used_text,
        limit=line.limit_text,
        wanted=_amount(line.resource, line.wanted),
    )


def lock_project(project: Project) -> None:
    """Lock the project's row until the transaction ends, so that its quota cannot be passed by two at once.

    `project` gets the limits as they are now. The lock does not keep others from adding rows that only
    refer to the project (`no_key`), or two who lock other rows as well would wait for each other.
    """
    project.quotas = locked(Project.objects.all(), project.pk).quotas


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


def reserve_more(run: Run, resource: str, amount: int) -> None:
    """A job has found out that it needs so much altogether: held before the first byte is written. Raises Refused."""
    project = run.job.quota_project
    had = int(run.job.reserves.get(resource, 0))
    if project is None or amount <= had:
        return
    with run.fenced():
        lock_project(project)
        fits_quota(project, {resource: amount - had}).require()
        run.job.reservations.filter(resource=resource).delete()
        run.job.reservations.create(project=project, resource=resource, amount=amount)
        run.write(reserves={**run.job.reserves, resource: amount})


def left_for(run: Run, resource: str) -> int:
    """What a job may take of a quota, what it has reserved included; at least a byte, for 0 is no limit to engines."""
    project = run.job.quota_project
    assert project is not None  # noqa: S101 - who is asked has one
    others = used_by(project, [resource])[resource] - int(run.job.reserves.get(resource, 0))
    return max(1, project.quota(resource) - others)


@contextmanager
def registering(run: Run) -> Iterator[None]:
    """In the run's fence: rows of stored bytes that the block writes take the place of what the job reserved.

    Raises Conflict: they take more than the quota has room for.
    """
    project = run.job.quota_project
    assert project is not None  # noqa: S101 - who stores bytes has one
    with run.fenced():
        lock_project(project)
        run.job.reservations.all().delete()
        before = used_by(project, ["store_bytes"])
        yield
        after = used_by(project, ["store_bytes"])
        if after != before and not fits_quota(project, {"store_bytes": 0}, after):
            raise Conflict("store-quota-reached")


def _amount(resource: str, amount: int) -> str:
    return size(amount) if resource.endswith("_bytes") else str(amount)
