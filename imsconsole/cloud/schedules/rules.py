"""What may be done with schedules: who, then state, then servers and vault."""

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import Backup, BackupSchedule, Server, Vault
from imsconsole.cloud.servers.rules import is_permanent
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse

MOST_SCHEDULES, MOST_SERVERS, MOST_KEPT = 50, 100, 99
NO_ROOM = {"vault-full", "quota-store-bytes"}  # refusals that end by themselves once there is room
State = BackupSchedule.State


def can_create_schedule(actor: Actor) -> Verdict:
    """Schedules need a role that writes."""
    return may_write(actor)


def can_schedule(server: Server, actor: Actor) -> Verdict:
    """A server that stays is backed up regularly, whatever it does at present."""
    return may_write(actor) and is_permanent(server)


def can_order_schedule(
    vault: Vault, servers: Collection[Server], actor: Actor, other_than: BackupSchedule | None = None
) -> Verdict:
    """Servers that are backed up into that vault, and as many schedules and servers as the clock can look after.

    Hard with the rows of project, servers and vault locked.
    """
    return (
        may_write(actor)
        and _is_among(actor, other_than)
        and _are_few(servers)
        and first_refusal(can_schedule(server, actor) for server in servers)
        and are_bound_to(servers, vault)
    )


def is_free_schedule_name(name: str, actor: Actor, other_than: BackupSchedule | None = None) -> Verdict:
    """Names of schedules are unique in a project."""
    named = BackupSchedule.objects.visible_to(actor).filter(name=name)
    if (named.exclude(pk=other_than.pk) if other_than else named).exists():
        return refuse("schedule-name", _("A schedule of this name exists already. Choose another name."))
    return ALLOWED


def are_bound_to(servers: Collection[Server], vault: Vault) -> Verdict:
    """Servers that have backups in a vault go on in that one (ims-facts §2.7)."""
    of_them = Backup.objects.existing().filter(
        server_id__in=[server.pk for server in servers], project=vault.project_id, kind=Backup.Kind.CBR
    )
    elsewhere = of_them.exclude(vault=vault).exclude(status=Backup.Status.FAILED).select_related("vault")
    if (other := elsewhere.order_by("server_name", "pk").first()) is None:
        return ALLOWED
    return refuse(
        "servers-in-other-vault",
        _(
            "Backups of %(server)s are in the vault “%(vault)s”, and a server has one. Choose that vault, or leave "
            "the server out."
        ),
        server=other.server_name,
        vault=other.vault,
    )


def can_edit_schedule(schedule: BackupSchedule, actor: Actor) -> Verdict:
    """A schedule is changed at any time; what is being made goes on."""
    return may_write(actor)


def can_pause_schedule(schedule: BackupSchedule, actor: Actor) -> Verdict:
    """One that is not paused."""
    if (verdict := may_write(actor)) and schedule.state == State.OFF:
        return refuse("schedule-paused", _("The schedule is paused already."))
    return verdict


def can_resume_schedule(schedule: BackupSchedule, actor: Actor) -> Verdict:
    """One that is paused."""
    if (verdict := may_write(actor)) and schedule.state != State.OFF:
        return refuse("schedule-not-paused", _("The schedule is not paused."))
    return verdict


def can_run_schedule(schedule: BackupSchedule, actor: Actor) -> Verdict:
    """One that is on, has servers and is not at it. `schedule` comes from `with_facts`."""
    if not (verdict := may_write(actor)):
        return verdict
    if schedule.state == State.OFF:
        return refuse("schedule-is-paused", _("The schedule is paused. Resume it first."))
    if not schedule.servers_count:
        return refuse("schedule-empty", _("No server is in the schedule. Modify it and choose some."))
    if schedule.due_count or schedule.making_count:
        return refuse(
            "schedule-running",
            _("The schedule is at it already. Please wait until all its servers were tried."),
        )
    return ALLOWED


def can_delete_schedule(schedule: BackupSchedule, actor: Actor) -> Verdict:
    """A schedule goes at any time; the backups it made stay."""
    return may_write(actor)


def _is_among(actor: Actor, other_than: BackupSchedule | None) -> Verdict:
    if other_than or BackupSchedule.objects.visible_to(actor).count() < MOST_SCHEDULES:
        return ALLOWED
    return refuse(
        "schedules-limit",
        _("A project has at most %(limit)s schedules. Add the servers to one that there is."),
        limit=MOST_SCHEDULES,
    )


def _are_few(servers: Collection[Server]) -> Verdict:
    if 0 < len(servers) <= MOST_SERVERS:
        return ALLOWED
    return refuse(
        "schedule-servers",
        _("A schedule has 1 to %(limit)s servers. Choose others, or make another schedule."),
        limit=MOST_SERVERS,
    )
