"""Backup schedules: list and CSV, the page of one, create, change, pause, run, delete."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.kept_forms import typed
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.audit.models import Event
from imsconsole.cloud.backups.filters import backups_of
from imsconsole.cloud.models import Backup, BackupSchedule, ScheduledServer
from imsconsole.cloud.schedules import services
from imsconsole.cloud.schedules.actions import SCHEDULE_ACTIONS, SCHEDULE_LIST_ACTIONS
from imsconsole.cloud.schedules.filters import ScheduleFilter, schedules_of
from imsconsole.cloud.schedules.forms import ScheduleForm, began_with
from imsconsole.cloud.schedules.rules import can_create_schedule, can_delete_schedule, can_edit_schedule
from imsconsole.cloud.schedules.slots import said_when
from imsconsole.cloud.schedules.summary import summary_of_schedule
from imsconsole.cloud.schedules.tables import COLUMNS, BackupsOfSchedule, ScheduleTable
from imsconsole.core.actions import offered
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.query_string import id_of
from imsconsole.core.rules import Verdict
from imsconsole.core.summary import summary_of
from imsconsole.core.tables import paged
from imsconsole.jobs.about import SHOWN

LIST = ListView(
    ListName.SCHEDULES,
    lambda request: schedules_of(request.actor),
    ScheduleFilter,
    ScheduleTable,
    COLUMNS,
    ngettext_lazy("%(n)s schedule", "%(n)s schedules", "n"),
    SCHEDULE_LIST_ACTIONS,
)
list_schedules = page_view(LIST.page)
export_schedules = page_view(LIST.csv)


def find_schedule(request: ActorRequest, schedule_id: uuid.UUID) -> BackupSchedule:
    """The actor's schedule with its facts, or 404."""
    schedule: BackupSchedule = get_object_or_404(schedules_of(request.actor), pk=schedule_id)
    return schedule


@page_view
def show_schedule(request: ActorRequest, schedule_id: uuid.UUID) -> HttpResponse:
    """A schedule: when, what it keeps, how it is with each server, and the backups it made."""
    schedule = find_schedule(request, schedule_id)
    backups = backups_of(request.actor).filter(schedule=schedule)
    context = {
        "active": "schedules",
        "schedule": schedule,
        "when": said_when(schedule),
        "members": _members(schedule),
        "is_busy": bool(schedule.due_count or schedule.making_count),
        "offers": offered(SCHEDULE_ACTIONS, schedule, request.actor),
        "table": paged(BackupsOfSchedule, backups, request, BackupsOfSchedule.shown_at_first()),
        "events": Event.objects.visible_to(request.actor).about("backupschedule", schedule.pk)[:SHOWN],
        "is_fragment": wants_fragment(request),
    }
    return render_page(request, "cloud/schedules/detail.html", "cloud/schedules/_detail.html", context)


def _members(schedule: BackupSchedule) -> "QuerySet[ScheduledServer]":
    """Its servers, each with the instant of its last good backup."""
    good = Backup.objects.filter(
        schedule=schedule, server_id=OuterRef("server"), status=Backup.Status.AVAILABLE
    )
    members = schedule.members.filter(server__deleted_at=None).select_related("server", "backup")
    return members.annotate(good_at=Subquery(good.order_by("-created_at").values("taken_at")[:1]))


@form_view
def create(request: ActorRequest) -> HttpResponse:
    """`?server=` is chosen at first."""
    asked = id_of(request.GET.get("server"))
    initial = {"servers": [asked] if asked else []}
    form = ScheduleForm(typed(request), actor=request.actor, chosen=initial["servers"], initial=initial)
    verdict = can_create_schedule(request.actor)
    _refuse(request, form, verdict)
    if form.is_valid():
        schedule = services.create_schedule(form.plan(), actor=request.actor)
        messages.success(request, _("The schedule “%(name)s” was created.") % {"name": schedule.name})
        return redirect(schedule)
    return _form_page(request, "cloud/schedules/create.html", form, verdict=verdict)


@form_view
def edit(request: ActorRequest, schedule_id: uuid.UUID) -> HttpResponse:
    schedule = find_schedule(request, schedule_id)
    initial = began_with(schedule)
    form = ScheduleForm(typed(request), actor=request.actor, chosen=initial["servers"], initial=initial)
    verdict = can_edit_schedule(schedule, request.actor)
    _refuse(request, form, verdict)
    if form.is_valid():
        schedule = services.edit_schedule(schedule, form.plan(), actor=request.actor)
        messages.success(request, _("The schedule “%(name)s” was changed.") % {"name": schedule.name})
        return redirect(schedule)
    return _form_page(request, "cloud/schedules/edit.html", form, verdict=verdict, schedule=schedule)


def _refuse(request: ActorRequest, form: ScheduleForm, verdict: Verdict) -> None:
    if request.method == "POST" and not form.is_refreshed:
        verdict.require()


def _form_page(request: ActorRequest, template: str, form: ScheduleForm, **context: Any) -> HttpResponse:
    context = {"active": "schedules", "form": form, "summary": summary_of_schedule(form), **context}
    context["has_vaults"] = form.fields["vault"].queryset.exists()  # type: ignore[attr-defined]
    if answer := summary_of(request, context):
        return answer
    return render(request, template, context, status=422 if form.errors else 200)


def _press(act: Callable[..., BackupSchedule], said: Any) -> Callable[..., HttpResponse]:
    """The view of a button."""

    def press(request: ActorRequest, schedule_id: uuid.UUID) -> HttpResponse:
        schedule = act(find_schedule(request, schedule_id), actor=request.actor)
        messages.success(request, said % {"name": schedule.name})
        return redirect(schedule)

    return post_view(press)  # type: ignore[return-value]


pause = _press(services.pause_schedule, gettext_lazy("The schedule “%(name)s” is paused."))
resume = _press(services.resume_schedule, gettext_lazy("The schedule “%(name)s” goes on."))
run = _press(services.run_schedule, gettext_lazy("The servers of “%(name)s” are being backed up."))


@form_view
def delete(request: ActorRequest, schedule_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    schedule = find_schedule(request, schedule_id)
    if request.method == "POST":
        services.delete_schedule(schedule, actor=request.actor)
        messages.success(request, _("The schedule “%(name)s” was deleted.") % {"name": schedule.name})
        return redirect("schedules:list")
    context = {
        "active": "schedules",
        "schedule": schedule,
        "kept": Backup.objects.existing().filter(schedule=schedule).count(),
        "verdict": can_delete_schedule(schedule, request.actor),
    }
    return render(request, "cloud/schedules/delete.html", context)
