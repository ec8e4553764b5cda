"""What is told of jobs, of the clock and of hosts: counted by workers, and asked of the database.

Ended jobs, of which there may be millions, are counted when they end; asked are those that live, for which there is an index.
"""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count, F, Min, Sum
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from imsconsole.accounts.models import Project
from imsconsole.accounts.resources import TITLES
from imsconsole.core.counting import LONG_S, counter, histogram
from imsconsole.core.kept import kept_for
from imsconsole.core.now import now
from imsconsole.jobs.hosts import hosts_seen
from imsconsole.jobs.models import ClockEntry, Job, QuotaChange, Reservation
from imsconsole.jobs.periodic import is_worker_alive

ATTEMPTS = counter("ims_job_attempts", "Times that a worker took a job up", "kind")
RETRIES = counter("ims_job_retries", "Those of them that were not a job's first", "kind")
LEASE_LOSSES = counter(
    "ims_job_lease_losses", "Times that a worker lost a job, as it did not renew its lease", "kind"
)
RELEASES = counter("ims_job_releases", "Times that a worker gave a job back to the queue", "kind")
ENDED = counter("ims_jobs_ended", "Jobs that ended, by kind and state", "kind", "state")
ERRORS = counter(
    "ims_job_errors", "Jobs that began to be undone, by kind and code of the error", "kind", "code"
)
SECONDS = histogram(
    "ims_job_seconds",
    "How long jobs took from their first take-up to their end, by kind",
    "kind",
    buckets=LONG_S,
)


def asked() -> Iterator[Metric]:
    yield from _jobs()
    yield from _clock()
    yield from _quotas()


def _jobs() -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "ims_jobs", "Jobs that wait or run, by kind and state", labels=("kind", "state", "queue")
    )
    oldest = GaugeMetricFamily(
        "ims_jobs_oldest_seconds",
        "For how long the oldest of them has waited, or run",
        labels=("kind", "state", "queue"),
    )
    live = Job.objects.live().order_by().values("kind", "state", "queue")
    for row in live.annotate(n=Count("pk"), created=Min("created_at"), started=Min("started_at")):
        labels = (row["kind"], row["state"], row["queue"])
        since = row["started"] if row["state"] == Job.State.RUNNING else row["created"]
        jobs.add_metric(labels, row["n"])
        oldest.add_metric(labels, _seconds_since(since))
    lapsed = GaugeMetricFamily(
        "ims_jobs_lapsed", "Running jobs whose lease nobody renews", value=Job.objects.lapsed().count()
    )
    put_off = GaugeMetricFamily(
        "ims_jobs_put_off",
        "Waiting jobs whose region does not answer",
        value=Job.objects.live().filter(state=Job.State.QUEUED).put_off().count(),
    )
    unsettled = GaugeMetricFamily(
        "ims_jobs_unsettled",
        "Jobs that failed and were not tried again, as the operator's page counts them",
        value=_unsettled(),
    )
    yield from (jobs, oldest, lapsed, put_off, unsettled)


@kept_for(60)
def _unsettled() -> int:
    """The more jobs have failed in all years, the longer it takes."""
    return Job.objects.unsettled().count()


def _clock() -> Iterator[Metric]:
    """Of work that each host does for itself, that of the host which is latest."""
    late: dict[str, float] = {}
    failed: dict[str, int] = {}
    for name, due_at, error in ClockEntry.objects.order_by().values_list("name", "due_at", "error"):
        work = name.partition("@")[0]
        late[work] = max(late.get(work, 0), _seconds_since(due_at))
        failed[work] = failed.get(work, 0) or int(bool(error))
    lag = GaugeMetricFamily(
        "ims_clock_late_seconds", "How late periodic work is; 0 when it is not", labels=("work",)
    )
    errors = GaugeMetricFamily("ims_clock_failed", "Whether its last run failed", labels=("work",))
    for work in late:
        lag.add_metric((work,), late[work])
        errors.add_metric((work,), failed[work])
    seen = GaugeMetricFamily(
        "ims_workers_alive", "Whether a worker was seen within half a minute", value=int(is_worker_alive())
    )
    hosts = GaugeMetricFamily("ims_hosts", "Hosts that were seen within a minute", value=hosts_seen().count())
    yield from (lag, errors, seen, hosts)


def _quotas() -> Iterator[Metric]:
    """Of all projects together. Amounts in the unit of the resource, which its name says."""
    told = ("What projects may use, by resource", "What they use", "What live jobs have reserved of it")
    for (name, found), what in zip(_amounts().items(), told, strict=True):
        family = GaugeMetricFamily(name, what, labels=("resource",))
        for resource in TITLES:
            family.add_metric((resource,), found.get(resource, 0))
        yield family


@kept_for(60)
def _amounts() -> dict[str, dict[str, int]]:
    """By the name of the metric, for each resource. The more projects there are, the longer it takes."""
    many = Project.objects.count()
    limits = {resource: many * settings.IMS_QUOTAS[resource] for resource in TITLES}
    for project in Project.objects.exclude(quotas={}).order_by().only("quotas"):
        for resource in TITLES:
            limits[resource] += project.quota(resource) - settings.IMS_QUOTAS[resource]
    return {
        "ims_quota": limits,
        "ims_quota_used": _sums(QuotaChange),
        "ims_quota_reserved": _sums(Reservation),
    }


def _sums(rows: type[QuotaChange] | type[Reservation]) -> dict[str, int]:
    found = rows.objects.order_by().values_list("resource").annotate(total=Sum(F("amount")))
    return {resource: int(total) for resource, total in found}


def _seconds_since(at: datetime | None) -> float:
    return max(0.0, (now() - at).total_seconds()) if at else 0.0
