"""The operator's view of jobs and the clock: to look at, and to cancel or retry through the services."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin, trail_of
from imsconsole.core.templatetags.ims import ago
from imsconsole.core.text import duration, size
from imsconsole.jobs.errors import past_errors
from imsconsole.jobs.models import ClockEntry, Job, KnownHost
from imsconsole.jobs.periodic import all_periodic
from imsconsole.jobs.rules import can_cancel, can_retry
from imsconsole.jobs.services import cancel_job, retry_job

# pages of higher rooms, through their URL names
SUBJECTS = {
    "image": "admin:images_image_change",
    "server": "admin:cloud_server_change",
    "listingversion": "admin:market_listingversion_change",
}


class Unsettled(admin.SimpleListFilter):
    """What needs somebody."""

    title = _("attention")
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [
            ("retry", _("Failed, and not tried again")),
            ("live", _("Waiting or running")),
            ("deaths", _("Has lost a worker")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "retry":
            return queryset.unsettled()
        if self.value() == "live":
            return queryset.live()
        return queryset.filter(deaths__gt=0) if self.value() == "deaths" else queryset


@admin.register(Job)
class JobAdmin(ServiceAdmin):
    list_display = (
        "title", "subject_name", "status_label", "progress", "project", "user", "why", "created_at", "took",
    )  # fmt: skip
    list_filter = (Unsettled, "state", "kind", "queue", "project__region")
    search_fields = ("id", "subject_id", "subject_name", "error_code", "project__name", "user__username")
    search_help_text = _(
        "By the ID of the job or its subject, the subject's name, the project or who started it."
    )
    list_select_related = ("project__account", "project__region", "user")
    date_hierarchy = "created_at"
    show_full_result_count = False  # jobs are kept
    actions = ("cancel", "retry")
    fieldsets = (
        (None, {"fields": ("title", "kind", "subject", "status_label", "progress", "project", "user")}),
        (
            _("What went wrong"),
            {
                "fields": ("why", "error_code", "earlier"),
                "description": _("A retry goes on at the step that failed. Earlier errors are kept."),
            },
        ),
        (_("Times"), {"fields": ("created_at", "started_at", "finished_at", "took")}),
        (
            _("Worker"),
            {
                "fields": ("queue", "attempt", "deaths", "holder", "lease_until", "task_id"),
                "description": _(
                    "A worker renews its lease while it lives. When the lease lapses another worker takes the job "
                    "up, as its next attempt; after three lost workers the job fails."
                ),
            },
        ),
        (_("As it was ordered"), {"fields": ("args", "reserves", "results"), "classes": ("collapse",)}),
    )

    @admin.display(description=_("job"), ordering="kind")
    def title(self, job: Job) -> str:
        return job.title

    @admin.display(description=_("state"), ordering="state")
    def status_label(self, job: Job) -> str:
        return job.status_label

    @admin.display(description=_("step"), ordering="step")
    def progress(self, job: Job) -> str:
        if not job.is_live or not job.bytes_total:
            return job.step_title
        return f"{job.step_title} · {size(job.bytes_done)} / {size(job.bytes_total)}"

    @admin.display(description=_("reason"), ordering="error_code")
    def why(self, job: Job) -> str:
        return job.error_sentence if job.state == Job.State.FAILED else ""

    @admin.display(description=_("earlier errors"))
    def earlier(self, job: Job) -> str:
        return " · ".join(error.sentence for error in past_errors(job))

    @admin.display(description=_("took"))
    def took(self, job: Job) -> str:
        if not job.finished_at:
            return "–"
        return duration(job.duration_s)

    @admin.display(description=_("subject"))
    def subject(self, job: Job) -> str:
        return f"{job.subject_name} ({job.subject_kind} {job.subject_id})"

    def links_of(self, obj: Job) -> list[tuple[str, str]]:
        page = SUBJECTS.get(obj.subject_kind)
        return [
            *([(gettext("Subject"), reverse(page, args=[obj.subject_id]))] if page else []),
            (gettext("What happened to the subject"), trail_of(obj.subject_kind, obj.subject_id)),
        ]

    @admin.action(description=_("Cancel"))
    def cancel(self, request: HttpRequest, queryset: "QuerySet[Job]") -> HttpResponse | None:
        return self.ask_then(
            request,
            queryset,
            question=gettext("Cancel these jobs? What they have made so far is removed."),
            rule=can_cancel,
            call=lambda job, actor: cancel_job(job, actor=actor),
        )

    @admin.action(description=_("Retry from the failed step"))
    def retry(self, request: HttpRequest, queryset: "QuerySet[Job]") -> HttpResponse | None:
        return self.ask_then(
            request,
            queryset,
            question=gettext("Run these jobs again, from the step that failed?"),
            rule=can_retry,
            call=lambda job, actor: retry_job(job, actor=actor),
        )


class WithError(admin.SimpleListFilter):
    title = _("last run")
    parameter_name = "last"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("failed", _("Failed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.exclude(error="") if self.value() == "failed" else queryset


@admin.register(ClockEntry)
class ClockEntryAdmin(ServiceAdmin):
    """The periodic work of all rooms. It runs where a worker runs, once across all hosts."""

    list_display = ("name", "every", "last", "took", "next", "host", "error")
    list_filter = (WithError, "host")
    search_fields = ("name", "host", "error")
    fieldsets = (
        (None, {"fields": ("name", "every")}),
        (_("Last run"), {"fields": ("started_at", "finished_at", "took", "host", "error")}),
        (_("Next run"), {"fields": ("due_at",)}),
    )

    @admin.display(description=_("every"))
    def every(self, entry: ClockEntry) -> str:
        interval = next((work.every for work in all_periodic() if work.name == entry.name), None)
        return duration(interval.total_seconds()) if interval else str(gettext("no more"))

    @admin.display(description=_("last run"), ordering="started_at")
    def last(self, entry: ClockEntry) -> str:
        return ago(entry.started_at)

    @admin.display(description=_("next run"), ordering="due_at")
    def next(self, entry: ClockEntry) -> str:
        return ago(entry.due_at)

    @admin.display(description=_("took"))
    def took(self, entry: ClockEntry) -> str:
        if not (entry.started_at and entry.finished_at and entry.finished_at >= entry.started_at):
            return "–"
        return duration((entry.finished_at - entry.started_at).total_seconds())


@admin.register(KnownHost)
class KnownHostAdmin(ServiceAdmin):
    """Hosts that serve the console. Several need PostgreSQL, and a spool in S3."""

    list_display = ("name", "id", "seen")
    search_fields = ("name", "id")
    fieldsets = ((None, {"fields": ("name", "id", "seen_at")}),)

    @admin.display(description=_("last seen"), ordering="seen_at")
    def seen(self, host: KnownHost) -> str:
        return ago(host.seen_at)
