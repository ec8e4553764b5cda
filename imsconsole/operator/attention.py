"""What needs the operator now, and how the platform is: the start page of the administration."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from shutil import disk_usage

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from images.models import Image
from imsconsole.accounts.models import Region, User
from imsconsole.accounts.sign_in import locked_out, waiting
from imsconsole.cloud.hosts import ACCELERATORS, ISOLATION, LACKING, Host, is_able
from imsconsole.cloud.keys.material import is_master_at_hand
from imsconsole.cloud.models import AccountCloud, Backup, RegionReport
from imsconsole.cloud.servers.rules import can_run_guests
from imsconsole.console_backup.last import LastBackup, last_backup
from imsconsole.core.now import now
from imsconsole.core.room import LEAST_FREE_BYTES
from imsconsole.core.sentences import sentence
from imsconsole.core.text import size
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.periodic import is_worker_alive
from imsconsole.jobs.quotas import nearly_full
from market.models import ListingVersion, Publisher

NEARLY_FULL_PERCENT = 80
LATE_AFTER = timedelta(minutes=2)
MOST_SHOWN = 10
MOST_NAMED = 3


@dataclass(frozen=True)
class Concern:
    """Something the operator should look at. `level`: error (work stands still) or warning."""

    level: str
    sentence: str
    url: str = ""


@dataclass(frozen=True)
class DiskSpace:
    """A file system the console writes to."""

    title: str
    free_bytes: int
    total_bytes: int

    @property
    def used_percent(self) -> int:
        return 100 - 100 * self.free_bytes // self.total_bytes if self.total_bytes else 100

    @property
    def is_short(self) -> bool:
        """Too little for the next large image."""
        return self.free_bytes < LEAST_FREE_BYTES


@dataclass(frozen=True)
class Attention:
    concerns: list[Concern]
    spaces: list[DiskSpace]
    clock: list[ClockEntry]
    guests: list[str]
    backup: LastBackup


def what_needs_me() -> Attention:
    """All of it, in a fixed number of queries."""
    spaces, clock, backup = list(_spaces()), list(ClockEntry.objects.order_by("due_at")), last_backup()
    concerns = [
        *_work(clock), *_regions(), *_master_key(), *_bytes(), *_backups(), *_console_backup(backup), *_jobs(), *_full(spaces), *_people(), *_quotas(),
        *_market(),
    ]  # fmt: skip
    return Attention(concerns, spaces, clock, _guests(), backup)


def _work(clock: list[ClockEntry]) -> Iterator[Concern]:
    alive = is_worker_alive()
    if not alive:
        yield Concern(
            "error",
            _(
                "No worker has been seen for half a minute. Jobs wait and nothing periodic runs: "
                "start one (manage.py run_worker)."
            ),
            reverse("admin:jobs_clockentry_changelist"),
        )
    for entry in clock:
        url = reverse("admin:jobs_clockentry_change", args=[entry.pk])
        if entry.error:
            said = _("The periodic work %(name)s failed: %(error)s") % {"name": entry, "error": entry.error}
            yield Concern("warning", said, url)
        elif alive and entry.due_at < now() - LATE_AFTER:
            yield Concern("warning", _("The periodic work %(name)s is late.") % {"name": entry}, url)


def _regions() -> Iterator[Concern]:
    """Those whose engine does not answer the clock."""
    for region in Region.objects.exclude(report__in=RegionReport.objects.fresh()).select_related("report"):
        report = getattr(region, "report", None)
        if report is None or report.answered_at is None:
            said = _("The region %(region)s has never answered. %(error)s")
        else:
            said = _("The region %(region)s has not answered since %(at)s. %(error)s")
        at = (
            date_format(localtime(report.answered_at), "DATETIME_FORMAT")
            if report and report.answered_at
            else ""
        )
        values = {"region": region, "at": at, "error": report.error_sentence if report else ""}
        yield Concern("error", (said % values).strip(), reverse("admin:cloud_regionreport_changelist"))
    for row in AccountCloud.objects.silent().select_related("region", "account"):
        said = _("The cloud project of the account %(account)s in %(region)s does not answer. %(error)s")
        values = {"account": row.account, "region": row.region, "error": row.error_sentence}
        yield Concern("error", said % values, reverse("admin:cloud_accountcloud_change", args=[row.pk]))


def _jobs() -> Iterator[Concern]:
    if failed := Job.objects.unsettled().count():
        yield Concern(
            "warning",
            ngettext(
                "%(n)d job failed and was not tried again.",
                "%(n)d jobs failed and were not tried again.",
                failed,
            )
            % {"n": failed},
            f"{reverse('admin:jobs_job_changelist')}?needs=retry",
        )


def _master_key() -> Iterator[Concern]:
    if not (verdict := is_master_at_hand()):
        yield Concern("error", str(verdict.reason), reverse("admin:cloud_masterkey_changelist"))


def _bytes() -> Iterator[Concern]:
    """Images whose stored bytes are damaged or gone, those in a trash included."""
    frozen = Image.objects.filter(disks__stored__damaged_at__isnull=False).exclude(
        status=Image.Status.DELETED
    )
    if count := frozen.distinct().count():
        said = ngettext(
            "The stored bytes of %(n)d image are damaged or gone; servers may rest on them. Put the right file "
            "back into the store, then verify the image.",
            "The stored bytes of %(n)d images are damaged or gone; servers may rest on them. Put the right files "
            "back into the store, then verify the images.",
            count,
        )
        url = f"{reverse('admin:images_image_changelist')}?bytes=damaged"
        yield Concern("error", said % {"n": count}, url)


def _backups() -> Iterator[Concern]:
    damaged = Backup.objects.existing().filter(disks__stored__damaged_at__isnull=False)
    if count := damaged.distinct().count():
        said = ngettext(
            "The stored bytes of %(n)d backup are damaged or gone. Put the right file back into the store: within an "
            "hour or two it is found right.",
            "The stored bytes of %(n)d backups are damaged or gone. Put the right files back into the store: within an "
            "hour or two they are found right.",
            count,
        )
        url = f"{reverse('admin:cloud_backup_changelist')}?bytes=damaged"
        yield Concern("error", said % {"n": count}, url)


def _console_backup(last: LastBackup) -> Iterator[Concern]:
    """How the last backup of the whole console went; and that there is none, but for a demo."""
    jobs = reverse("admin:jobs_job_changelist")
    at = date_format(localtime(last.taken_at), "DATETIME_FORMAT") if last.taken_at else ""
    if last.failed:
        said = _("The last backup of the console failed: %(error)s") % {"error": last.failed.error_sentence}
        yield Concern("error", said, reverse("admin:jobs_job_change", args=[last.failed.pk]))
    elif last.is_late and at:
        yield Concern("error", _("The last backup of the console is of %(at)s.") % {"at": at}, jobs)
    elif not at and not settings.IMS_DEMO:
        said = _(
            "There is no backup of this console. Name a place in IMS_BACKUP_TO, or run manage.py backup."
        )
        yield Concern("warning", said)
    if last.made and (lacks := last.warnings):
        said = ngettext(
            "%(n)d thing is missing in the last backup of the console, or is of several instants: %(what)s",
            "%(n)d things are missing in the last backup of the console, or are of several instants: %(what)s",
            len(lacks),
        )
        what = " ".join(sentence(each["code"], each["values"]) for each in lacks[:MOST_NAMED])
        url = reverse("admin:jobs_job_change", args=[last.made.pk])
        yield Concern("warning", said % {"n": len(lacks), "what": what}, url)


def _full(spaces: list[DiskSpace]) -> Iterator[Concern]:
    for space in spaces:
        if space.is_short:
            free = {"place": space.title, "free": size(space.free_bytes)}
            yield Concern("error", _("%(place)s: only %(free)s are free.") % free)


def _people() -> Iterator[Concern]:
    locked = locked_out(User.objects.filter(is_active=True))
    if locked:
        names = ", ".join(map(str, locked[:MOST_SHOWN]))
        said = ngettext(
            "%(n)d person must wait after too many failed sign-ins: %(names)s.",
            "%(n)d people must wait after too many failed sign-ins: %(names)s.",
            len(locked),
        )
        url = f"{reverse('admin:accounts_user_changelist')}?sign_in=locked"
        yield Concern("warning", said % {"n": len(locked), "names": names}, url)
    if addresses := [row.source for row in waiting() if not row.name]:
        said = _(
            "New browsers at an address must wait before they sign in, as too much failed there: %(names)s."
        )
        url = f"{reverse('admin:accounts_slowedsignin_changelist')}?sign_in=waits"
        yield Concern("warning", said % {"names": ", ".join(addresses[:MOST_SHOWN])}, url)


def _quotas() -> Iterator[Concern]:
    full = nearly_full(NEARLY_FULL_PERCENT)
    for project, line in full[:MOST_SHOWN]:
        values = {
            "account": project.account, "project": project, "resource": line.title,
            "used": line.used_text, "limit": line.limit_text, "percent": line.percent,
        }  # fmt: skip
        said = _("%(account)s · %(project)s uses %(percent)d %% of “%(resource)s”: %(used)s of %(limit)s.")
        yield Concern("warning", said % values, reverse("admin:accounts_project_change", args=[project.pk]))
    if (more := len(full) - MOST_SHOWN) > 0:
        said = ngettext("%(n)d more quota is nearly full.", "%(n)d more quotas are nearly full.", more)
        yield Concern("warning", said % {"n": more}, reverse("admin:accounts_project_changelist"))


def _market() -> Iterator[Concern]:
    """Who waits for a decision about the market."""
    if count := Publisher.objects.filter(state=Publisher.State.APPLIED).count():
        said = ngettext("%(n)d publisher has applied.", "%(n)d publishers have applied.", count)
        url = f"{reverse('admin:market_publisher_changelist')}?state__exact={Publisher.State.APPLIED}"
        yield Concern("warning", said % {"n": count}, url)
    if count := ListingVersion.objects.filter(state=ListingVersion.State.IN_REVIEW).count():
        said = ngettext("%(n)d listing waits for its review.", "%(n)d listings wait for their review.", count)
        url = f"{reverse('admin:market_listingversion_changelist')}?state__exact={ListingVersion.State.IN_REVIEW}"
        yield Concern("warning", said % {"n": count}, url)


def _spaces() -> Iterator[DiskSpace]:
    """The store of each region, and the folder of uploads; regions on one file system once."""
    stores: defaultdict[tuple[str, int, int], list[RegionReport]] = defaultdict(list)
    for report in RegionReport.objects.exclude(free_bytes=None).select_related("region"):
        total = (
            report.total_bytes or 0
        )  # regions are asked one after the other: what is free is not quite the same
        stores[(report.region.engine, total, round(100 * (report.free_bytes or 0) / max(1, total)))].append(
            report
        )
    for (_engine, total, _percent), there in stores.items():
        title = _("Image store: %(regions)s") % {"regions": ", ".join(map(str, there))}
        yield DiskSpace(title, min(report.free_bytes or 0 for report in there), total)
    uploads = disk_usage(settings.UPLOAD_DIR)
    yield DiskSpace(_("Uploads"), uploads.free, uploads.total)


def _guests() -> list[str]:
    """What servers run with, as whom, and what is lacking, each once: regions of one host have the same."""
    reports = RegionReport.objects.exclude(answered_at=None).select_related("region")
    found = [(report.region, report.capabilities) for report in reports]
    accelerators = {
        str(ACCELERATORS.get(able.accelerator) or can_run_guests(able).reason) for _, able in found
    }
    isolation = {str(ISOLATION[able.isolated]) for _, able in found if able.accelerator != "cloud"}
    verdicts = [(region, is_able(each, Host(able, None))) for region, able in found for each in LACKING]
    lacking = [f"{region}: {verdict.reason}" for region, verdict in verdicts if not verdict]
    return sorted(accelerators) + sorted(isolation) + lacking
