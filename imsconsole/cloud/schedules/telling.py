"""People are told once when a schedule does not do what it should, and once when it does again."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Role
from imsconsole.cloud.models import Backup, BackupSchedule, ScheduledServer
from imsconsole.cloud.schedules.rules import NO_ROOM
from imsconsole.core.contention import retried
from imsconsole.core.errors import ImsError
from imsconsole.core.locks import locked
from imsconsole.core.sentences import explained, lasting_values
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send

State = BackupSchedule.State
LISTED = 5  # names of servers in a message


@retried
@transaction.atomic
def tell(schedule_id: UUID, refusals: Sequence[ImsError]) -> None:
    """Note how the schedule is now that `refusals` kept it from beginning, and tell of it what is new. Raises NotFound."""
    schedule = locked(BackupSchedule.objects.select_related("project", "vault"), schedule_id)
    if schedule.state == State.OFF:
        return
    if no_room := next((each for each in refusals if each.code in NO_ROOM), None):
        _wait(schedule, no_room)
    elif _has_ended(schedule):
        _end(schedule)


def _has_ended(schedule: BackupSchedule) -> bool:
    """Nothing of it is being made or to be begun, but what could not be begun for so long that people are to know."""
    return not (
        schedule.members.filter(backup__status=Backup.Status.CREATING).exists()
        or schedule.members.filter(due_at__isnull=False, error_code="").exists()
    )


def _wait(schedule: BackupSchedule, refused: ImsError) -> None:
    values = lasting_values(refused)
    if schedule.state != State.WAITING:
        why = explained(refused.code, values)
        _send(schedule, "schedule-waits", Message.Level.WARNING, vault=schedule.vault.name, why=why)
    _become(schedule, State.WAITING, refused.code, values)


def _end(schedule: BackupSchedule) -> None:
    failed = list(schedule.members.exclude(error_code="").select_related("server"))
    if new := [member for member in failed if not member.told]:
        first = explained(new[0].error_code, new[0].error_values)
        servers = _names(new)
        _send(schedule, "schedule-failed", Message.Level.ERROR, servers=servers, why=first)
        schedule.members.filter(pk__in=[member.pk for member in new]).update(told=True)
    if not failed and schedule.state in (State.WAITING, State.FAILING):
        _send(schedule, "schedule-works", Message.Level.SUCCESS)
    _become(schedule, State.FAILING if failed else State.ON)


def _names(members: Sequence[ScheduledServer]) -> str:
    names = ", ".join(member.server.name for member in members[:LISTED])
    return f"{names}, … ({len(members)})" if len(members) > LISTED else names


def _become(
    schedule: BackupSchedule, state: str, code: str = "", values: dict[str, object] | None = None
) -> None:
    now = (state, code, values or {})
    if now != (schedule.state, schedule.reason_code, schedule.reason_values):
        schedule.state, schedule.reason_code, schedule.reason_values = now
        schedule.save(update_fields=["state", "reason_code", "reason_values"])


def _send(schedule: BackupSchedule, code: str, level: Message.Level, **values: object) -> None:
    send(
        code,
        to=members_of(schedule.project, Role.FULL_ACCESS, Role.ADMINISTRATOR),
        values={"name": schedule.name, **values},
        level=level,
        project=schedule.project,
        subject=("backupschedule", schedule.pk),
    )
