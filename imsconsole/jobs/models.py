"""Jobs, what they reserve, and the clock's entries."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.formats import time_format
from django.utils.module_loading import import_string
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project, Region
from imsconsole.accounts.people import person
from imsconsole.core.ids import new_id
from imsconsole.core.now import due, now
from imsconsole.core.project_urls import address_of
from imsconsole.core.sentences import sentence
from imsconsole.jobs.kinds import JobKind

LONGEST_PUT_OFF = timedelta(minutes=5)


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's project, and those that make something for it."""
        return self.filter(Q(project=actor.project) | Q(target=actor.project))

    def live(self) -> Self:
        """Few among very many. An index has those without a time of their end: SQLite uses none for several states."""
        return self.filter(state__in=LIVE, finished_at=None)

    def lapsed(self) -> Self:
        """Running, and nobody has renewed their lease, or only when the clock stood wrong."""
        return self.filter(
            due("lease_until", timedelta(seconds=settings.IMS_JOB_LEASE_S)), state=Job.State.RUNNING
        )

    def put_off(self) -> Self:
        """Their region, or the place of their account in it, did not answer when it was asked last; or work found so itself."""
        away = Q(project__region__report__error_code__gt="") | Q(target__region__report__error_code__gt="")
        place = {
            "finished_at": None,  # of all that are kept only those that wait
            "project__account__clouds__region": F("project__region"),
            "project__account__clouds__error_code__gt": "",
        }
        later = ~due("put_off_until", LONGEST_PUT_OFF) & Q(put_off_until__isnull=False)
        return self.filter(away | Q(pk__in=Job.objects.filter(**place).values("pk")) | later)

    def unsettled(self) -> Self:
        """Failed, and nothing has been tried about the same subject since."""
        newer = Job.objects.filter(subject_id=OuterRef("subject_id"), created_at__gt=OuterRef("created_at"))
        return self.filter(~Exists(newer), state=Job.State.FAILED)

    def about(self, *subject_ids: uuid.UUID) -> Self:
        return self.filter(subject_id__in=subject_ids)

    def touching(self, thing_id: uuid.UUID) -> Self:
        """About it, or holding it beside their subject (the keys of `args["holds"]`)."""
        return self.filter(Q(subject_id=thing_id) | Q(args__holds__has_key=str(thing_id)))


class Job(models.Model):
    """One piece of long work about one subject. It holds its subject while it is live."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=32)
    path = models.CharField(max_length=128, editable=False)  # import path of its JobKind
    queue = models.CharField(_("queue"), max_length=8)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, related_name="jobs", verbose_name=_("project")
    )
    user = person(_("started by"))
    # the project what it makes is for, and whose quota it takes, when that is another one
    target = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("target project")
    )
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    subject_name = models.CharField(_("subject"), max_length=255)
    args: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("order"), default=dict)
    # what it reserves of the project's quota each time it is started: resource → amount
    reserves: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        _("reserved quota"), default=dict
    )

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    step = models.CharField(_("step"), max_length=32, blank=True)
    results: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("results of steps"), default=dict
    )
    bytes_done = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(default=0)
    # when the work of its step last said that it is alive
    heard_at = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    # set once undoing has begun: the state it ends in
    outcome = models.CharField(max_length=10, blank=True, choices=State)
    error_code = models.CharField(_("code of the error"), max_length=64, blank=True)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    # the errors of the tries before a retry: {"at", "step", "code", "values"}
    past_errors: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)

    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    deaths = models.PositiveIntegerField(_("workers that died of it"), default=0)
    # what is far away did not answer: until when, how often so far, and what it was ({"code", "values"})
    put_off_until = models.DateTimeField(_("put off until"), null=True)
    put_offs = models.PositiveIntegerField(_("times put off"), default=0)
    put_off_error: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    holder = models.CharField(_("worker"), max_length=64, blank=True)
    lease_until = models.DateTimeField(_("held until"), null=True)
    task_id = models.CharField(_("wake-up"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created"), default=now)
    woken_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(_("started"), null=True)
    step_started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="job_project_created"),
            models.Index(fields=["subject_id", "-created_at"], name="job_subject_created"),
            models.Index(fields=["state", "lease_until"], name="job_state_lease"),
            models.Index(fields=["finished_at"], name="job_finished"),
            models.Index(fields=["-created_at"], condition=Q(finished_at=None), name="job_live"),
            models.Index(fields=["-created_at", "-id"], name="job_latest"),  # of all, for operators
            models.Index(
                fields=["user", "-finished_at"], condition=Q(state="failed"), name="job_failed_of_user"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id"],
                condition=Q(state__in=["queued", "running"]),
                name="one_live_job_per_subject",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_name}"

    @property
    def duration_s(self) -> float | None:
        """How long it has worked, or did until it ended; None before it began. Of one that was tried again the last time."""
        return ((self.finished_at or now()) - self.started_at).total_seconds() if self.started_at else None

    @property
    def log_name(self) -> str:
        """How the log calls it: what it does, its ID and what it is about."""
        return f"Job {self.kind} {self.pk} of {self.subject_kind} {self.subject_id}"

    def get_absolute_url(self) -> str:
        return address_of("jobs:detail", self.pk)

    @property
    def job_kind(self) -> JobKind:
        """The declaration this job was started from."""
        kind: JobKind = import_string(self.path)()
        return kind

    @property
    def quota_project(self) -> Project | None:
        """Whose quota it reserves."""
        return self.target or self.project

    def ahead(self) -> int:
        """How many of its kind and account are running, or were started earlier and wait."""
        others = Job.objects.filter(kind=self.kind, project__account__projects=self.project_id).exclude(
            pk=self.pk
        )
        earlier = Q(state=Job.State.QUEUED, created_at__lt=self.created_at)
        return others.filter(Q(state=Job.State.RUNNING) | earlier).count()

    @property
    def waits_because(self) -> str:
        """Why it waits: for what does not answer, or as of its kind only some run at once; empty when it may begin."""
        if self.state != self.State.QUEUED:
            return ""
        if said := self._away:
            return said
        if self.attempt:
            return ""
        try:
            most = self.job_kind.most_at_once()
        except ImportError:
            return ""
        if not most or self.ahead() < most:
            return ""
        return str(self.job_kind.waits) % {"most": most}

    @property
    def _away(self) -> str:
        """Which region does not answer, or what a try has found so."""
        silent = Region.objects.filter(projects__in=[self.project_id, self.target_id])
        if region := silent.filter(report__error_code__gt="").order_by("code").first():
            values = {"region": region}
            return (
                str(_("The region %(region)s does not answer. The job goes on by itself when it does."))
                % values
            )
        if (
            self.project
            and self.project.account.clouds.filter(region=self.project.region_id).silent().exists()
        ):
            text = _(
                "The account's place in the cloud of %(region)s does not answer. The job goes on by itself when it does."
            )
            return str(text) % {"region": self.project.region}
        if self.put_off_until and self.put_off_until > now():
            said = sentence(self.put_off_error["code"], self.put_off_error["values"])
            return str(_("%(reason)s The job goes on by itself at %(at)s.")) % {
                "reason": said,
                "at": time_format(localtime(self.put_off_until), "H:i:s"),
            }
        return ""

    @property
    def title(self) -> str:
        """What the job does, in the reader's language; its kind's word when the kind is gone."""
        try:
            return str(self.job_kind.title)
        except ImportError:
            return self.kind

    @property
    def step_title(self) -> str:
        """What it is doing now, in the reader's language."""
        try:
            return str(self.job_kind.steps.get(self.step, self.step))
        except ImportError:
            return self.step

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_undoing(self) -> bool:
        return self.is_live and bool(self.outcome)

    @property
    def status(self) -> str:
        """The key of its dot: the state, or what a running job is about to come to."""
        if self.state == self.State.RUNNING:
            return "cancelling" if self.outcome or self.cancel_requested else "working"
        return self.state

    @property
    def status_label(self) -> str:
        if self.is_undoing:
            return str(_("Being undone"))
        if self.is_live and self.cancel_requested:
            return str(_("Being cancelled"))
        return self.get_state_display()

    @property
    def error_sentence(self) -> str:
        """Why it failed, in the reader's language; empty when it did not."""
        return sentence(self.error_code, self.error_values) if self.error_code else ""

    @property
    def percent(self) -> int | None:
        """0…100 of the current step's bytes; None while they are not known."""
        if not (self.bytes_total and self.bytes_done):  # nobody may tell, only that it goes on
            return None
        return min(100, int(100 * self.bytes_done / self.bytes_total))

    @property
    def rate(self) -> float | None:
        """Bytes per second of the current step; None before it can be told."""
        if self.state != self.State.RUNNING or not (self.bytes_done and self.step_started_at):
            return None
        seconds = (now() - self.step_started_at) / timedelta(seconds=1)
        return self.bytes_done / seconds if seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        if not (self.rate and self.bytes_total):
            return None
        return max(0.0, (self.bytes_total - self.bytes_done) / self.rate)


LIVE = (Job.State.QUEUED, Job.State.RUNNING)


class Reservation(models.Model):
    """An amount of a project's quota that a live job holds; gone when the job has ended."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="reservations")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="reservations")
    resource = models.CharField(max_length=16)
    amount = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["project", "resource"], name="reservation_project")]

    def __str__(self) -> str:
        return f"{self.resource} {self.amount}"


class QuotaChange(models.Model):
    """By how much what a project uses of a resource has changed. Written by triggers only; the sum is what is used."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    resource = models.CharField(max_length=16)
    amount = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["project", "resource", "amount"], name="quota_change_project")]

    def __str__(self) -> str:
        return f"{self.resource} {self.amount:+}"


class ClockEntry(models.Model):
    """When a periodic work was last and is next run, across all hosts."""

    name = models.CharField(_("name"), max_length=64, primary_key=True)
    due_at = models.DateTimeField(_("next run"))
    started_at = models.DateTimeField(_("last run"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    host = models.CharField(_("host"), max_length=64, blank=True)
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("periodic work")
        verbose_name_plural = _("the clock")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class KnownHost(models.Model):
    """A host that serves this console: it says every few seconds that it is there (`jobs.hosts`)."""

    id = models.CharField(max_length=8, primary_key=True, editable=False)
    name = models.CharField(_("name"), max_length=64)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("host")
        verbose_name_plural = _("hosts")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name
