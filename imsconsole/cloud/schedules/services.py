"""What is done with schedules. Each asks its rule with the schedule's row locked."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.models import BackupSchedule, ScheduledServer, Server, Vault
from imsconsole.cloud.names import server_name
from imsconsole.cloud.schedules.rules import (
    can_delete_schedule,
    can_edit_schedule,
    can_order_schedule,
    can_pause_schedule,
    can_resume_schedule,
    can_run_schedule,
    is_free_schedule_name,
)
from imsconsole.cloud.schedules.slots import plan
from imsconsole.core.contention import one_wins
from imsconsole.core.locks import locked, locked_many
from imsconsole.core.now import now
from imsconsole.jobs.quotas import lock_project

State = BackupSchedule.State
FRESH: dict[str, Any] = {"due_at": None, "error_code": "", "error_values": {}, "told": False}


@dataclass(frozen=True)
class Plan:
    """What a schedule is to do: `weekdays` from 0, Monday; none is every day."""

    name: str
    vault: Vault
    servers: Collection[Server]
    weekdays: list[int]
    hour: int
    time_zone: str
    keep: int


@service("createSchedule")
def create_schedule(order: Plan, *, actor: Actor) -> BackupSchedule:
    """A new schedule. Raises Refused, NotFound, ValidationError (name)."""
    lock_project(actor.project)
    return _keep(BackupSchedule(project=actor.project, created_by=actor.user), order, actor)


@service("updateSchedule")
def edit_schedule(schedule: BackupSchedule, order: Plan, *, actor: Actor) -> BackupSchedule:
    """Change all of it. Raises Refused, NotFound, ValidationError (name)."""
    schedule = locked(BackupSchedule.objects.for_change(actor), schedule.pk)
    can_edit_schedule(schedule, actor).require()
    return _keep(schedule, order, actor)


@service("pauseSchedule")
def pause_schedule(schedule: BackupSchedule, *, actor: Actor) -> BackupSchedule:
    """Begin nothing more until it is resumed. Raises Refused, NotFound."""
    schedule = locked(BackupSchedule.objects.for_change(actor), schedule.pk)
    can_pause_schedule(schedule, actor).require()
    schedule.members.update(**FRESH)
    schedule.state, schedule.next_at = State.OFF, None
    schedule.reason_code, schedule.reason_values = "", {}
    schedule.save(update_fields=["state", "next_at", "reason_code", "reason_values"])
    return schedule


@service("resumeSchedule")
def resume_schedule(schedule: BackupSchedule, *, actor: Actor) -> BackupSchedule:
    """Go on with the next time. Raises Refused, NotFound."""
    schedule = locked(BackupSchedule.objects.for_change(actor), schedule.pk)
    can_resume_schedule(schedule, actor).require()
    schedule.state = State.ON
    plan(schedule)
    schedule.save(update_fields=["state", "next_at", "planned_at"])
    return schedule


@service("runSchedule")
def run_schedule(schedule: BackupSchedule, *, actor: Actor) -> BackupSchedule:
    """Back up all its servers now, besides its times. Raises Refused, NotFound."""
    schedule = locked(BackupSchedule.objects.for_change(actor), schedule.pk)
    can_run_schedule(schedule, actor).require()
    schedule.members.update(due_at=now())
    schedule.last_run_at = now()
    schedule.save(update_fields=["last_run_at"])
    return schedule


@service("deleteSchedule")
def delete_schedule(schedule: BackupSchedule, *, actor: Actor) -> BackupSchedule:
    """Delete it; its backups stay, and nothing deletes them any more. Raises Refused, NotFound."""
    row = locked(BackupSchedule.objects.for_change(actor), schedule.pk)
    can_delete_schedule(row, actor).require()
    row.delete()
    row.pk = schedule.pk  # for the audit row
    return row


def _keep(schedule: BackupSchedule, order: Plan, actor: Actor) -> BackupSchedule:
    other_than = None if schedule._state.adding else schedule
    servers = locked_many(Server.objects.for_change(actor), [server.pk for server in order.servers])
    vault = locked(Vault.objects.for_change(actor), order.vault.pk)
    can_order_schedule(vault, servers.values(), actor, other_than).require()
    server_name(order.name)
    is_free_schedule_name(order.name, actor, other_than).require()
    schedule.name, schedule.vault, schedule.keep = order.name, vault, order.keep
    schedule.weekdays, schedule.hour, schedule.time_zone = order.weekdays, order.hour, order.time_zone
    if schedule.state != State.OFF:
        plan(schedule)
    with one_wins(lambda: is_free_schedule_name(order.name, actor, other_than)):
        schedule.save()
    schedule.members.exclude(server__in=servers).delete()
    there = set(schedule.members.values_list("server", flat=True))
    ScheduledServer.objects.bulk_create(
        ScheduledServer(schedule=schedule, server=server)
        for key, server in servers.items()
        if key not in there
    )
    return schedule
