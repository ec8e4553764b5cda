"""The operator's view of jobs and the clock: to look at, and to cancel or retry through the services."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Role, User
from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence_of
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.jobs.services import cancel_job, retry_job


class ReadOnlyAdmin(admin.ModelAdmin[Model]):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "state",
        "step",
        "project",
        "user",
        "attempt",
        "deaths",
        "holder",
        "error_code",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "kind", "queue", "created_at")
    search_fields = ("id", "subject_id", "subject_name", "error_code")
    list_select_related = ("project", "user")
    actions = ("cancel", "retry")

    @admin.action(description=_("Cancel"))
    def cancel(self, request: HttpRequest, queryset: "QuerySet[Job]") -> None:
        self._each(request, queryset, cancel_job)

    @admin.action(description=_("Retry from the failed step"))
    def retry(self, request: HttpRequest, queryset: "QuerySet[Job]") -> None:
        self._each(request, queryset, retry_job)

    def _each(self, request: HttpRequest, jobs: "QuerySet[Job]", service: Callable[..., Job]) -> None:
        """Ask the service for each job, as an administrator of its project; say what is refused."""
        for job in jobs.filter(project__isnull=False).select_related("project__account", "project__region"):
            try:
                service(job, actor=_operator(request, job))
            except ImsError as error:
                self.message_user(request, f"{job}: {sentence_of(error)}", messages.ERROR)
            else:
                self.message_user(request, str(job), messages.SUCCESS)


def _operator(request: HttpRequest, job: Job) -> Actor:
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
    assert job.project is not None  # noqa: S101 - asked for above
    return Actor(request.user, job.project, Role.ADMINISTRATOR, request.META.get("REMOTE_ADDR", ""))


@admin.register(ClockEntry)
class ClockEntryAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "finished_at", "due_at", "host", "error")
    search_fields = ("name",)
