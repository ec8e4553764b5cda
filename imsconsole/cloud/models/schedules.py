"""Schedules by which servers are backed up into a vault."""

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.people import person
from imsconsole.cloud.models.projects import ProjectQuerySet
from imsconsole.cloud.models.servers import Server
from imsconsole.cloud.models.vaults import Backup, Vault
from imsconsole.core.ids import new_id
from imsconsole.core.now import furthest, now
from imsconsole.core.project_urls import address_of
from imsconsole.core.sentences import Explained, sentence


class BackupScheduleQuerySet(ProjectQuerySet["BackupSchedule"]):
    def for_change(self, actor: Actor) -> Self:
        """The actor's, with what rules read of them: for `locked`."""
        return self.visible_to(actor).with_facts()

    def with_facts(self) -> Self:
        """Annotates `servers_count`, `due_count` and `making_count`."""
        there, being_made = Q(members__server__deleted_at=None), Q(members__backup__status="creating")
        return self.select_related("vault", "project__account", "project__region").annotate(
            servers_count=Count("members", filter=there),
            due_count=Count("members", filter=there & Q(members__due_at__isnull=False)),
            making_count=Count("members", filter=there & being_made),
        )

    def due(self) -> Self:
        """Those whose time has come; or whose next time was noted by a clock that stood wrong, so that nobody knows."""
        unsure = Q(planned_at__gt=furthest(timedelta(0)))
        return self.exclude(state=BackupSchedule.State.OFF).filter(Q(next_at__lte=now()) | unsure)


class BackupSchedule(models.Model):
    """When which servers are backed up into which vault, and how many backups of each are kept."""

    class State(models.TextChoices):
        ON = "on", _("On")
        WAITING = "waiting", _("Waiting for room")
        FAILING = "failing", _("Not all made")
        OFF = "off", _("Paused")

    id = models.UUIDField(_("schedule ID"), primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="backup_schedules", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=64)
    vault = models.ForeignKey(
        Vault, on_delete=models.PROTECT, related_name="schedules", verbose_name=_("vault")
    )
    # 0 is Monday; none: every day
    weekdays: models.JSONField[list[int], list[int]] = models.JSONField(_("days"), default=list, blank=True)
    hour = models.PositiveSmallIntegerField(_("hour"))
    time_zone = models.CharField(_("time zone"), max_length=64)
    keep = models.PositiveSmallIntegerField(_("backups kept of each server"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ON)
    # why it waits for room
    reason_code = models.CharField(max_length=64, blank=True, editable=False)
    reason_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, editable=False
    )
    next_at = models.DateTimeField(_("next run"), null=True, editable=False)
    planned_at = models.DateTimeField(default=now, editable=False)  # when `next_at` was noted
    last_run_at = models.DateTimeField(_("last run"), null=True, editable=False)
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now, editable=False)

    # annotated by `with_facts`
    servers_count: int
    due_count: int
    making_count: int

    objects = BackupScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("backup schedule")
        verbose_name_plural = _("backup schedules")
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="schedule_project_created"),
            models.Index(fields=["next_at"], name="schedule_next"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="schedule_name_unique"),
            models.CheckConstraint(condition=Q(hour__lt=24), name="schedule_hour"),
            models.CheckConstraint(condition=Q(keep__gte=1), name="schedule_keeps_one"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("schedules:detail", self.pk)

    @property
    def reason(self) -> str:
        """Why it waits for room, in the reader's language; empty when it does not."""
        return sentence(self.reason_code, self.reason_values) if self.reason_code else ""


class ScheduledServer(Explained, models.Model):
    """A server of a schedule, and where it is with it. A part of the schedule: who writes it holds that."""

    schedule = models.ForeignKey(BackupSchedule, on_delete=models.CASCADE, related_name="members")
    server = models.ForeignKey(
        Server, on_delete=models.CASCADE, related_name="schedules", verbose_name=_("server")
    )
    due_at = models.DateTimeField(_("due since"), null=True, editable=False)  # to be backed up, not begun
    # the last one that was begun, until it is seen to be good
    backup = models.ForeignKey(
        Backup, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("backup")
    )
    # why its last backup was not made
    error_code = models.CharField(max_length=64, blank=True, editable=False)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, editable=False
    )
    told = models.BooleanField(default=False, editable=False)  # people were told of that

    class Meta:
        verbose_name = _("server of a schedule")
        verbose_name_plural = _("servers of schedules")
        ordering = ["server__name", "pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="scheduled_due"),
        ]
        constraints = [models.UniqueConstraint(fields=["schedule", "server"], name="server_once_in_schedule")]

    def __str__(self) -> str:
        return f"{self.schedule} {self.server_id}"
