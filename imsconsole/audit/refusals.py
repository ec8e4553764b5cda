"""Refused requests, which anybody can make by the thousand: what is the same within a minute is one row that says how often.

Of who is not signed in, the same is: from one address (or /64), of one kind of address, for one reason; of who is, all that a
row has. Beyond so many rows a minute the rest of a sender, then the rest of all, is one row more. Each process writes a row
at once and its count every second, so a flood costs the database a statement a second: what a process had not written
when it was killed is not counted.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from imsconsole.audit.models import Event
from imsconsole.core.now import now
from imsconsole.core.proxies import household_of
from imsconsole.core.sentences import translated

OF_A_SENDER = 30  # rows a minute of one address; of a user
OF_ALL = 100  # of all who are not signed in
WRITE_EVERY_S = 1.0
MOST_KEPT = 200  # kinds that a process counts apart
KEPT_S = 60.0
THE_REST = _("More refused requests within this minute, of more kinds than are told apart.")


@dataclass
class Joined:
    """What was refused in a minute: the first of the kind, its sender and kind, and how often it was since it was written."""

    event: Event
    minute: datetime
    group: str  # a user, or nobody
    sender: str
    kind: str
    times: int = 0
    level: int = 0  # among its keys, from which on it is joined
    written_at: float = float("-inf")

    def joins(self) -> Iterator[tuple[str, int, int]]:
        """What it is joined by, from the kind to all, with the rows that its sender and all may have."""
        everybody, sender = _digest(f"{self.minute} {self.group}")[:12], _digest(self.sender)[:12]
        yield everybody + sender + _digest(self.kind)[:24], OF_A_SENDER, OF_ALL
        yield everybody + sender, OF_A_SENDER + 1, OF_ALL
        yield everybody, OF_A_SENDER + 1, OF_ALL + 1


_kept: dict[str, Joined] = {}
_lock = threading.Lock()


def note(event: Event) -> None:
    """Count a refused request, of which `event` is the row."""
    minute = now().replace(second=0, microsecond=0)
    if event.user_id:
        kind = repr((event.project_id, event.address, event.action, event.resource_name, event.code))
        joined = Joined(event, minute, f"user {event.user_id}", "", kind)
    else:
        kind = repr((event.action, event.code))
        joined = Joined(event, minute, "nobody", household_of(event.address or ""), kind)
    keys = [key for key, _sender, _all in joined.joins()]
    with _lock:
        if keys[0] not in _kept and len(_kept) >= MOST_KEPT:
            joined.level = len(keys) - 1
        _kept.setdefault(keys[joined.level], joined).times += 1
    write_due()


def write_due(*, all_of_it: bool = False) -> None:
    """Write the counts of this process that wait for a second, or all."""
    if not _kept:
        return
    at = time.monotonic()
    with _lock:
        due = [
            one for one in _kept.values() if one.times and (all_of_it or at - one.written_at >= WRITE_EVERY_S)
        ]
        counts = [(one, one.times) for one in due]
        for one in due:
            one.times, one.written_at = 0, at
        for key in [key for key, one in _kept.items() if not one.times and at - one.written_at > KEPT_S]:
            del _kept[key]
    for one, times in counts:
        _write(one, times)


def forget_unwritten() -> None:
    """For tests: the rows of another are gone."""
    _kept.clear()


def _write(joined: Joined, times: int) -> None:
    """Count it by the first of its keys that has a row, or may have one."""
    joins = list(joined.joins())
    everybody = joins[-1][0]
    rows = Event.objects.filter(at__gte=joined.minute)  # by an index, and few
    for key, most_of_sender, most in joins[joined.level :]:
        if Event.objects.filter(joined=key).update(times=F("times") + times):
            return
        is_full = rows.filter(joined__startswith=everybody).count() >= most
        if is_full or (
            key != everybody and rows.filter(joined__startswith=key[:24]).count() >= most_of_sender
        ):
            continue
        _add(joined, key, times, is_rest=key != joins[0][0])
        return


def _add(joined: Joined, key: str, times: int, *, is_rest: bool) -> None:
    """A new row; another process may be a moment faster."""
    event = joined.event
    if is_rest:
        event = Event(
            user_id=event.user_id, user_name=event.user_name, resource_type=event.resource_type, result=event.result,
            action="request", details=translated(THE_REST), address=event.address if len(key) > 12 else None,
        )  # fmt: skip
    event.joined, event.times = key, times
    try:
        with transaction.atomic():
            Event.objects.bulk_create([event])
    except IntegrityError:
        Event.objects.filter(joined=key).update(times=F("times") + times)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
