"""How the clock goes on with schedules: begin, see how it ended, tell.

Each step is a transaction that holds the schedule's row and asks again what there is to do, so that two clocks do nothing
twice and one that is killed leaves nothing half done.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localtime

from imsconsole.accounts.actor import service_actor
from imsconsole.accounts.preferences import zone_of
from imsconsole.cloud.backups.rules import can_back_up_into
from imsconsole.cloud.backups.services import create_backup
from imsconsole.cloud.models import Backup, BackupSchedule, ScheduledServer, Vault
from imsconsole.cloud.names import NAME_LENGTH
from imsconsole.cloud.schedules.pruning import GOOD, prune
from imsconsole.cloud.schedules.rules import NO_ROOM
from imsconsole.cloud.schedules.slots import plan
from imsconsole.cloud.schedules.telling import tell
from imsconsole.core.contention import retried
from imsconsole.core.errors import Conflict, ImsError, NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import furthest, now
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import lasting_values

logger = logging.getLogger(__name__)
PATIENCE = timedelta(hours=1)  # with a server that others are at, until people are told
WORKING, FAILED = Backup.Status.CREATING, Backup.Status.FAILED
TROUBLED = (BackupSchedule.State.WAITING, BackupSchedule.State.FAILING)


@retried
@transaction.atomic
def begin_run(schedule_id: UUID) -> None:
    """Its time has come: each of its servers is due, once, however many times passed while no clock ran. Raises NotFound.

    One that is due already stays due since then, or a busy server would be new to each run and nobody told.
    """
    schedule = locked(BackupSchedule.objects.due(), schedule_id)
    if schedule.next_at and schedule.next_at <= now():
        schedule.members.exclude(due_at__lte=furthest(timedelta(0))).update(due_at=now())
        schedule.last_run_at = now()
    plan(schedule)
    schedule.save(update_fields=["next_at", "planned_at", "last_run_at"])


def go_on(schedule_id: UUID) -> None:
    """As far as it gets now. Raises NotFound when the schedule is gone."""
    see_endings(schedule_id)
    refused = begin_next(schedule_id)
    tell(schedule_id, refused)


def see_endings(schedule_id: UUID) -> None:
    """Of what was begun: note why it was not made, or delete what is one too many. Servers that are gone fall out."""
    of_it = ScheduledServer.objects.filter(schedule=schedule_id)
    of_it.exclude(server__deleted_at=None).delete()
    begun = of_it.filter(backup__isnull=False).exclude(backup__status=WORKING)
    known = Q(backup__status=FAILED, error_code__gt="")  # it stays in sight: somebody may try its job again
    for key in list(begun.exclude(known).values_list("pk", flat=True)):
        _see_ending(schedule_id, key)


@retried
@transaction.atomic
def _see_ending(schedule_id: UUID, member_id: int) -> None:
    schedule = locked(BackupSchedule.objects.select_related("project__account"), schedule_id)
    member = schedule.members.select_related("backup").filter(pk=member_id).first()
    if member is None or (backup := member.backup) is None or backup.status == WORKING:
        return
    if backup.status == FAILED:
        member.error_code, member.error_values = backup.error_code, backup.error_values
    else:
        member.backup = None
    if backup.status in GOOD:
        member.error_code, member.error_values, member.told = "", {}, False
        prune(schedule, backup)
    member.save(update_fields=["backup", "error_code", "error_values", "told"])


def begin_next(schedule_id: UUID) -> list[ImsError]:
    """Begin with one server, unless one is being backed up; why none of the others that are due can be begun now."""
    due = ScheduledServer.objects.filter(schedule=schedule_id, due_at__isnull=False)
    is_busy = ScheduledServer.objects.filter(schedule=schedule_id, backup__status=WORKING).exists()
    refusals: list[ImsError] = []
    for member in due.select_related("server__project", "schedule__project__account"):
        try:
            _ask(member)
            if not is_busy:
                is_busy = _begin(schedule_id, member.pk)
        except (Refused, NotFound, Conflict) as refused:
            refusals.append(refused)
            _note(schedule_id, member.pk, refused)
    return refusals


def _ask(member: ScheduledServer) -> None:
    """Before anything is locked. Raises Refused."""
    schedule = member.schedule
    vault = Vault.objects.with_facts().get(pk=schedule.vault_id)
    can_back_up_into(member.server, vault, service_actor(schedule.project)).require()


@retried
@transaction.atomic
def _begin(schedule_id: UUID, member_id: int) -> bool:
    """Whether its backup has begun now, and not by another clock. Raises Refused."""
    schedule = locked(
        BackupSchedule.objects.select_related("vault", "project__account", "project__region"), schedule_id
    )
    member = schedule.members.select_related("server").filter(pk=member_id, due_at__isnull=False).first()
    if member is None or schedule.members.filter(backup__status=WORKING).exists():
        return True
    member.backup = create_backup(
        member.server,
        vault=schedule.vault,
        name=_name_of(schedule, now()),
        schedule=schedule,
        actor=service_actor(schedule.project),
    )
    member.due_at = None
    member.save(update_fields=["backup", "due_at"])
    return True


def _name_of(schedule: BackupSchedule, at: datetime) -> str:
    stamp = f"-{localtime(at, zone_of(schedule.time_zone)):%Y%m%d-%H%M%S}"
    return schedule.name[: NAME_LENGTH - len(stamp)] + stamp


@retried
@transaction.atomic
def _note(schedule_id: UUID, member_id: int, refused: ImsError) -> None:
    """Why it cannot be begun, once that lasts. Room is the schedule's."""
    if refused.code in NO_ROOM:
        return
    schedule = locked(BackupSchedule.objects.all(), schedule_id)
    member = schedule.members.filter(pk=member_id, due_at__isnull=False).first()
    if member is None or member.due_at is None or member.error_code == refused.code:
        return
    if not now() - PATIENCE < member.due_at <= furthest(timedelta(0)):
        member.error_code, member.error_values = refused.code, lasting_values(refused)
        member.save(update_fields=["error_code", "error_values"])


def run_schedules() -> None:
    """Begin what is due, and go on with what was begun."""
    for key in list(BackupSchedule.objects.due().values_list("pk", flat=True)):
        _each(begin_run, key)
    untold = Q(members__told=False, members__error_code__gt="")
    begun = Q(members__due_at__isnull=False) | Q(members__backup__isnull=False)
    at_it = BackupSchedule.objects.filter(begun | untold | Q(state__in=TROUBLED)).order_by("pk").distinct()
    for key in list(at_it.values_list("pk", flat=True)):
        _each(go_on, key)


def _each(step: Callable[[UUID], None], key: UUID) -> None:
    try:
        step(key)
    except ImsError as error:
        logger.info("Backup schedule %s is gone on with the next time: %s", key, error)
