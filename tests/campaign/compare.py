"""After the campaign: is everything there that was acknowledged, right to the byte, and nothing else?"""

import hashlib
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from images.models import Image, ImageDisk, Upload
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.buckets.store import open_object
from imsconsole.cloud.models import BackupDisk, BucketObject, Disk, Server, SettledUsage, Usage
from imsconsole.core import now as clock
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.jobs.clock import forget_old_tasks
from imsconsole.jobs.models import ClockEntry, Job, Reservation
from imsconsole.notifications.models import Message
from market.billing import ledger
from market.billing.known import RECONCILING
from market.models import Charge
from tests.campaign.contents import Contents
from tests.campaign.doing import tag_of_disk
from tests.campaign.faults import Window
from tests.campaign.people import Notes
from tests.market.billing.test_ledger_story import fee, second, spans

LOST, LEFT, STUCK, WRONG = "lost", "left over", "stuck", "failed without a lasting cause"
MARGIN = timedelta(seconds=30)  # a job meets what was wrong while it ran, and its end may come later


@dataclass(frozen=True)
class Trouble:
    what: str
    how: str

    def __str__(self) -> str:
        return f"{self.how}: {self.what}"


@dataclass(frozen=True)
class Campaign:
    """What is known from outside."""

    notes: Notes
    contents: Contents | None = None
    windows: tuple[Window, ...] = ()
    guests: frozenset[str] | None = None  # IDs of servers, of the processes that run; None: nobody looked


def troubles(campaign: Campaign) -> Iterator[Trouble]:
    for check in CHECKS:
        yield from check(campaign)


# jobs


def jobs_at_work(_: Campaign) -> Iterator[Trouble]:
    for job in Job.objects.live():
        yield Trouble(
            f"{job.log_name} is {job.state} at {job.step!r}, attempt {job.attempt}, {job.error_code}", STUCK
        )
    for job in Job.objects.exclude(state__in=["queued", "running"]).exclude(lease_until=None, holder=""):
        yield Trouble(f"{job.log_name} has ended and is still held by {job.holder!r}", STUCK)


def wake_ups(_: Campaign) -> Iterator[Trouble]:
    """Nothing waits in the queue; what a worker held that was killed is pruned some days later."""
    for row in DBTaskResult.objects.filter(status=TaskResultStatus.READY):
        yield Trouble(f"a wake-up of {row.args_kwargs} waits", STUCK)
    with moved(timedelta(days=settings.IMS_TASKS_KEPT_DAYS + 1)):
        forget_old_tasks()
    if many := DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING).count():
        yield Trouble(f"{many} wake-ups of workers that are gone stay in the queue for ever", LEFT)


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    clock.move(by)
    try:
        yield
    finally:
        clock.reset()


# what a job says that met a fault nobody can mend for it; which faults those are
LASTING: dict[str, tuple[str, ...]] = {
    "no-space": ("disk full",),
    "demo-image-not-built": ("disk full",),  # it is Debian's packager that says so
    "worker-killed": ("worker killed", "worker stopped", "converter killed", "service killed", "host crashed", "connections lost",
                      "database killed", "database locked", "supervisor stopped"),
}  # fmt: skip


REMOVES = ("discardUpload", "deleteImage", "purgeImage")


def failures(campaign: Campaign) -> Iterator[Trouble]:
    """Of every job that failed, now or before a retry."""
    removed = {told.thing for told in campaign.notes.told if told.action in REMOVES}
    removed |= {
        str(pk) for pk in Image.objects.filter(status__in=["deleted", "trashed"]).values_list("pk", flat=True)
    }
    for job in Job.objects.all():
        tries = [(each["code"], datetime.fromisoformat(each["at"])) for each in job.past_errors]
        if job.state == Job.State.FAILED:
            tries.append((job.error_code, job.finished_at or now()))
        for code, at in tries:
            if code.endswith("-gone") and removed & {str(job.subject_id), job.args.get("upload", "")}:
                continue  # between a failure and the retry, by a person
            met = [
                each
                for each in campaign.windows
                if each.since <= at and each.until + MARGIN >= job.created_at
            ]
            if not {each.fault for each in met} & set(LASTING.get(code, ())):
                during = ", ".join(
                    f"{each.fault} {each.since:%H:%M:%S}" for each in met if each.until > at - MARGIN
                )
                yield Trouble(
                    f"{job.log_name}: {code} {job.error_values} at {job.step!r}, {at:%H:%M:%S}, after {during or 'nothing'}",
                    WRONG,
                )


def broken_pages(campaign: Campaign) -> Iterator[Trouble]:
    """What was answered with a reference where a sentence was due: but for a database that was going away or full."""
    for at, what in campaign.notes.broken:
        if not any(
            each.fault in DATABASE_GOES and each.since <= at <= each.until + MARGIN
            for each in campaign.windows
        ):
            yield Trouble(f"{what} was answered with 500 at {at:%H:%M:%S}", WRONG)


DATABASE_GOES = ("connections lost", "database killed", "database locked", "disk full")


# rows, files and processes


def store(_: Campaign) -> Iterator[Trouble]:
    """What the product's own check finds: files and rows, quotas, reservations, states."""
    for each in differences():
        yield Trouble(
            each.what, LOST if "has lost" in each.what else STUCK if "no job works" in each.what else LEFT
        )
    for row in Reservation.objects.all():
        yield Trouble(f"{row} is still reserved by {row.job_id}", LEFT)


def temporary(_: Campaign) -> Iterator[Trouble]:
    """Nothing that was on its way, whoever held it."""
    data = Path(settings.DATA_DIR)
    for folder in (
        "work",
        "building",
        "buckets/incoming",
        *(f"{each.relative_to(data)}/scrap" for each in (data / "regions").glob("*/")),
    ):
        for path in sorted((data / folder).glob("*")):
            yield Trouble(f"{path.relative_to(data)}", LEFT)


def clock_errors(_: Campaign) -> Iterator[Trouble]:
    for entry in ClockEntry.objects.exclude(error=""):
        yield Trouble(f"periodic work {entry} fails: {entry.error}", STUCK)


def guests(campaign: Campaign) -> Iterator[Trouble]:
    if campaign.guests is None:
        return
    running = {
        str(pk) for pk in Server.objects.existing().filter(status="running").values_list("pk", flat=True)
    }
    for pk in sorted(running - campaign.guests):
        yield Trouble(f"server {pk} is running and has no process", LOST)
    for pk in sorted(campaign.guests - running):
        yield Trouble(f"a guest of server {pk} runs and its row says otherwise", LEFT)


# bytes


def checksums(_: Campaign) -> Iterator[Trouble]:
    images = ImageDisk.objects.exclude(image__status="deleted").exclude(stored=None).exclude(checksum="")
    backups = (
        BackupDisk.objects.exclude(backup__status="failed")
        .filter(backup__deleted_at=None)
        .exclude(stored=None)
        .exclude(checksum="")
    )
    for disk in (*images.select_related("image"), *backups.select_related("backup__project")):
        region = disk.image.region_id if isinstance(disk, ImageDisk) else disk.backup.project.region_id
        path = stored_file(region, disk.ref)
        if (
            path.is_file() and f"sha256:{sha256_of(path)}" != disk.checksum
        ):  # one that is not there, `store` names
            yield Trouble(f"{disk.ref} is not what was stored", LOST)
        if disk.damaged_at:
            yield Trouble(f"{disk.ref} is said to be damaged", LOST)
    for row in BucketObject.objects.stored():
        try:
            with open_object(row) as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != row.sha256:
                    yield Trouble(f"object {row.key} ({row.pk}) is not what was stored", LOST)
        except NotFound:
            continue  # `store` names it


def sent_files(campaign: Campaign) -> Iterator[Trouble]:
    """Objects and uploads are what was sent; of an upload that is not whole what was acknowledged is there."""
    sent = campaign.notes.files
    for row in BucketObject.objects.stored().filter(pk__in=sent):
        if row.sha256 != sent[str(row.pk)]:
            yield Trouble(f"object {row.key} is not what was sent", LOST)
    for upload in Upload.objects.exclude(state=Upload.State.REFUSED):
        there = upload.path.stat().st_size if upload.path.exists() else 0
        acknowledged = campaign.notes.received.get(str(upload.pk), 0)
        if there < acknowledged:
            yield Trouble(f"upload {upload} has {there} bytes, {acknowledged} were acknowledged", LOST)
        wanted = sent.get(str(upload.pk), upload.claimed_sha256)
        if upload.state == Upload.State.COMPLETE and wanted and there and sha256_of(upload.path) != wanted:
            yield Trouble(f"upload {upload} is not what was sent", LOST)


def contents(campaign: Campaign) -> Iterator[Trouble]:
    """Every disk that is not encrypted holds what its name says, whichever way it went."""
    known = campaign.contents
    if known is None:
        return
    for name, path, form in plain_disks():
        tag = name.rsplit("/", 1)[-1].split("-")[0]
        if known.knows(tag) and path.is_file() and not same_content(known.file(tag, "raw"), path, form):
            yield Trouble(f"{name} ({path.name}) holds something else", LOST)


def plain_disks() -> Iterator[tuple[str, Path, str]]:
    """The name, the file and the format of each: the first disk of images and backups, those of servers, objects."""
    for disk in ImageDisk.objects.filter(
        index=0, image__key=None, image__status__in=["active", "trashed"]
    ).select_related("image"):
        yield disk.image.name, stored_file(disk.image.region_id, disk.ref), disk.format
    for disk in (
        BackupDisk.objects.filter(index=0, key=None, backup__status="available")
        .exclude(stored=None)
        .select_related("backup__project")
    ):
        yield disk.backup.name, stored_file(disk.backup.project.region_id, disk.ref), "qcow2"
    for disk in Disk.objects.existing().filter(key=None).exclude(ref="").select_related("image", "project"):
        place = (
            Path("servers", disk.ref, "disk.qcow2")
            if disk.role == Disk.Role.SYSTEM
            else Path("disks", disk.ref)
        )
        yield tag_of_disk(disk), region_dir(disk.project.region_id) / place, "qcow2"
    for row in BucketObject.objects.stored():
        form = {"vhd": "vpc"}.get(row.key.rsplit(".", 1)[-1], row.key.rsplit(".", 1)[-1])
        yield row.key, Path(settings.BUCKET_DIR) / "objects" / row.pk.hex[:2] / row.pk.hex, form


def same_content(one: Path, other: Path, form: str) -> bool:
    """What one is larger is zero."""
    compare = ["qemu-img", "compare", "-U", "-f", "raw", "-F", form, str(one), str(other)]
    return subprocess.run(compare, capture_output=True, check=False).returncode == 0


def downloads(campaign: Campaign) -> Iterator[Trouble]:
    for what in campaign.contents.wrong_downloads if campaign.contents else ():
        yield Trouble(f"a download of {what} was not what was stored", LOST)


# what was acknowledged


def acknowledged(campaign: Campaign) -> Iterator[Trouble]:
    """A row in the trail for every act, and a job for every piece of work that was begun."""
    acts = Counter((told.action, told.thing) for told in campaign.notes.told)
    rows = (
        Event.objects.filter(result="normal")
        .values_list("action", "resource_id")
        .annotate(many=Count("pk"))
        .order_by()
    )
    noted = {(action, thing): many for action, thing, many in rows}
    for (action, thing), many in acts.items():
        if noted.get((action, thing), 0) < many:
            yield Trouble(
                f"{action} of {thing} was acknowledged {many} times, the trail has {noted.get((action, thing), 0)}",
                LOST,
            )
    works = Counter((told.kind, told.subject) for told in campaign.notes.told if told.kind)
    begun = Counter((kind, str(subject)) for kind, subject in Job.objects.values_list("kind", "subject_id"))
    for (kind, subject), many in works.items():
        if begun[kind, subject] < many:
            yield Trouble(
                f"{kind} of {subject} was acknowledged {many} times, there are {begun[kind, subject]} jobs",
                LOST,
            )


def messages(_: Campaign) -> Iterator[Trouble]:
    """Whoever's work failed was told so, as often as it failed."""
    told = Counter(Message.objects.filter(code="job-failed").values_list("subject_id", flat=True))
    for job in Job.objects.exclude(user=None):
        failed = len(job.past_errors) + (job.state == Job.State.FAILED)
        if told[job.pk] != failed:
            sign = LOST if told[job.pk] < failed else LEFT
            yield Trouble(f"{job.log_name} failed {failed} times, messages about it: {told[job.pk]}", sign)


# usage and the ledger


def usage(_: Campaign) -> Iterator[Trouble]:
    """Intervals of a server follow one another; one is open as long as it is there, and says what it is."""
    open_now = {row.server_id: row for row in Usage.objects.filter(ended_at=None)}
    for server in Server.objects.all():
        rows = list(server.usage.order_by("started_at", "pk"))
        for before, after in pairwise(rows):
            if before.ended_at is None or before.ended_at > after.started_at:
                yield Trouble(f"usage of server {server.pk} overlaps at {after.started_at}", LEFT)
        row = open_now.get(server.pk)
        if server.status in ("running", "stopped"):
            if row is None:
                yield Trouble(f"server {server.pk} is {server.status} and nothing counts it", LOST)
            elif row.state != server.status:
                yield Trouble(f"server {server.pk} is {server.status} and counts as {row.state}", LOST)
        elif row is not None and server.status == "deleted":
            yield Trouble(f"server {server.pk} is deleted and still counts", LEFT)


def lines(_: Campaign) -> Iterator[Trouble]:
    """The ledger, written up to now as the clock would in an hour, is what usage and prices make of it."""
    with moved(timedelta(hours=2)):
        ClockEntry.objects.filter(name=RECONCILING).update(due_at=now(), started_at=now(), finished_at=now())
        ledger.settle_usage()
    settled = SettledUsage.objects.first()
    if settled is None:
        return
    found: dict[Any, Fraction] = {}
    for server, price, total in (
        Charge.objects.values_list("server", "price").annotate(total=Sum("amount")).order_by()
    ):
        found[server, price] = Fraction(total)
    wanted = recomputed(settled.until)
    many = Counter(Charge.objects.values_list("server", "price"))
    for key in wanted.keys() | found.keys():
        differs = abs(found.get(key, Fraction()) - wanted.get(key, Fraction()))
        if differs > many[key] * Fraction(1, 2 * 10**8):
            sign = LOST if found.get(key, 0) < wanted.get(key, 0) else LEFT
            yield Trouble(
                f"server {key[0]} was charged {float(found.get(key, 0))}, usage says {float(wanted.get(key, 0))}",
                sign,
            )


def recomputed(until: datetime) -> dict[Any, Fraction]:
    """From usage alone; what the campaign sets are prices of the flavor and of disks, from before anything ran."""
    total: dict[Any, Fraction] = {}
    for row in Usage.objects.order_by("started_at", "pk").select_related("flavor"):
        begin, end = second(row.started_at), min(second(row.ended_at or until), until.astimezone(UTC))
        for price, since, till, units in spans(row, begin, end):
            key = (row.server_id, price.pk)
            total[key] = total.get(key, Fraction()) + fee(price, since, till, units)
    return {key: each for key, each in total.items() if each}


# where things are


def region_dir(region: str) -> Path:
    return Path(settings.DATA_DIR) / "regions" / region


def stored_file(region: str, ref: str) -> Path:
    return region_dir(region) / "images" / ref


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


CHECKS: tuple[Callable[[Campaign], Iterator[Trouble]], ...] = (
    jobs_at_work, wake_ups, failures, broken_pages, store, temporary, clock_errors, guests, checksums, sent_files, contents, downloads,
    acknowledged, messages, usage, lines,
)  # fmt: skip
