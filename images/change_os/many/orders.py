"""One order for many servers: each of them is changed, or is told why not, by itself."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any

from django.db import transaction

from images.change_os.forms import change_of
from images.change_os.rules import OsChange, can_become, least_gb
from images.change_os.services import change_os
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.drafts import begin_draft
from imsconsole.accounts.models import Draft
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.keys.rules import with_locked_disks
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.models.origins import with_lost_images
from imsconsole.cloud.system_disk.rules import can_change_os, is_stopped_first
from imsconsole.core.contention import retried
from imsconsole.core.each import attempt
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import lasting_values, refuse_as, sentence

WIZARD = "change-os-many"
MOST = 100  # servers in one order
ServerOutcome = dict[str, Any]  # the code and the values of the error it ended with; an empty code: begun


@dataclass(frozen=True)
class ServerLine:
    """A server of an order and what is said of it: whether it can be changed or, once tried, whether it was.

    `server` is None when it is gone. Sizes are of the system disk.
    """

    name: str
    server: Server | None
    verdict: Verdict
    is_tried: bool = False
    present_gb: int = 0
    new_gb: int = 0


class ManyChanges:
    """An order as its draft holds it, and those of its servers that are still there, by ID."""

    def __init__(self, draft: Draft, actor: Actor) -> None:
        self.actor, self.typed = actor, draft.data
        self.outcomes: dict[str, ServerOutcome] = draft.data["outcomes"]
        listed = [pk for pk, _name in draft.data["servers"]]
        self.servers = {str(server.pk): server for server in servers_among(listed, actor)}

    @property
    def is_finished(self) -> bool:
        return len(self.outcomes) == len(self.typed["servers"])

    @cached_property
    def sizes_gb(self) -> dict[str, int]:
        disks = Disk.objects.attached().filter(server__in=list(self.servers), role=Disk.Role.SYSTEM)
        return {str(pk): size_gb for pk, size_gb in disks.values_list("server_id", "size_gb")}

    def new_gb(self, pk: str, image: Image) -> int:
        return least_gb(image, self.sizes_gb.get(pk, 0))

    def first_verdicts(self, image: Image | None, host: Host, *, stop_first: bool) -> dict[str, Verdict]:
        """What can be said of each server before login, quota and memory are known."""

        def verdict_on(server: Server) -> Verdict:
            first = can_change_os(server, self.actor) and is_stopped_first(server, stop_first=stop_first)
            return first and (can_become(server, image, self.actor, host) if image else ALLOWED)

        return {pk: verdict_on(server) for pk, server in self.servers.items()}

    def changes(self) -> dict[str, OsChange] | None:
        """What is still to be tried, by server; None when the image or the key pair is gone."""
        waiting = {pk: server for pk, server in self.servers.items() if pk not in self.outcomes}
        if not waiting:
            return {}
        change = change_of({**self.typed, "system_disk_gb": 0}, next(iter(waiting.values())), self.actor)
        if change is None:
            return None
        return {
            pk: replace(change, server=server, system_disk_gb=self.new_gb(pk, change.image))
            for pk, server in waiting.items()
        }

    def lines(self, verdicts: Mapping[str, Verdict], image: Image | None = None) -> list[ServerLine]:
        """Every server: how it ended, else its verdict, else that it is gone."""
        return [
            ServerLine(
                name,
                self.servers.get(pk),
                _verdict_of(self.outcomes[pk]) if pk in self.outcomes else verdicts.get(pk, _gone()),
                pk in self.outcomes,
                self.sizes_gb.get(pk, 0),
                self.new_gb(pk, image) if image else 0,
            )
            for pk, name in self.typed["servers"]
        ]


def servers_among(picked: Iterable[str], actor: Actor) -> list[Server]:
    """The actor's servers with these IDs, by name; whatever else was picked is not there."""
    ids = [pk for word in picked if (pk := _uuid_of(word))]
    servers = Server.objects.visible_to(actor).existing().filter(pk__in=ids)
    return list(
        with_lost_images(
            with_locked_disks(servers.select_related("flavor", "project", "image").order_by("name", "pk"))
        )
    )


def begin_order(servers: Sequence[Server], actor: Actor) -> Draft:
    """A draft for these servers; image and login are still to be chosen."""
    return begin_draft(
        WIZARD, actor, servers=[[str(server.pk), server.name] for server in servers], outcomes={}
    )


@retried
@transaction.atomic
def keep_choice(draft: Draft, chosen: dict[str, Any]) -> None:
    """Write down what was chosen, unless the order has begun meanwhile in another tab."""
    held = locked(Draft.objects.all(), draft.pk)
    if not held.data["outcomes"]:
        held.data |= chosen
        _write(held)


def change_each(draft: Draft, actor: Actor) -> None:
    """Begin one change after the other, each in a transaction of its own that also keeps how it ended.

    So an order that is cut short goes on where it was when it is sent again, and one that is sent twice
    changes nothing twice. Afterwards the draft forgets the login.
    """
    changes = ManyChanges(draft, actor).changes() or {}
    for pk, _name in draft.data["servers"]:
        _change(draft, pk, changes.get(pk), actor)
    with transaction.atomic():
        held = locked(Draft.objects.all(), draft.pk)
        held.data = {name: held.data[name] for name in ("servers", "outcomes", "image")}
        _write(held)


@retried
@transaction.atomic
def _change(draft: Draft, pk: str, change: OsChange | None, actor: Actor) -> None:
    held = locked(Draft.objects.all(), draft.pk)
    if pk not in held.data["outcomes"]:
        held.data["outcomes"][pk] = _try(change, actor)
        _write(held)


def _try(change: OsChange | None, actor: Actor) -> ServerOutcome:
    error = attempt(change, partial(_begin, actor=actor)).error
    return {"code": error.code, "values": lasting_values(error)} if error else {"code": "", "values": {}}


def _begin(change: OsChange | None, *, actor: Actor) -> Server:
    if change is None:
        raise NotFound
    return change_os(**{field.name: getattr(change, field.name) for field in fields(change)}, actor=actor)


def _write(draft: Draft) -> None:
    draft.updated_at = now()
    draft.save(update_fields=["data", "updated_at"])


def _verdict_of(outcome: ServerOutcome) -> Verdict:
    return refuse(outcome["code"], sentence(**outcome)) if outcome["code"] else ALLOWED


def _gone() -> Verdict:
    return refuse_as("not-found")


def _uuid_of(word: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(word)
    except ValueError:
        return None
