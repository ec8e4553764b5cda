"""One order for many servers: each of them is changed, or is told why not, by itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.change_os.rules import OsChange, can_become, least_gb
from images.change_os.services import change_os
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import OUTCOMES
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.keys.rules import with_locked_disks
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.models.origins import with_lost_images
from imsconsole.cloud.system_disk.rules import can_change_os, is_stopped_first
from imsconsole.core.errors import NotFound
from imsconsole.core.query_string import id_of
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal
from imsconsole.core.sentences import refuse_as
from imsconsole.core.summary import Costs, Summary

MOST = 100  # servers in one order
ServerOutcome = dict[str, Any]  # the code and the values of the error it ended with; else it has begun


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
        self.actor, self.names = actor, dict(draft.data["servers"])
        self.outcomes: dict[str, ServerOutcome] = draft.data.get(OUTCOMES, {})
        self.servers = {str(server.pk): server for server in servers_among(self.names, actor)}

    @property
    def is_finished(self) -> bool:
        return len(self.outcomes) == len(self.names)

    @cached_property
    def sizes_gb(self) -> dict[str, int]:
        disks = Disk.objects.attached().filter(server__in=list(self.servers), role=Disk.Role.SYSTEM)
        return {str(pk): size_gb for pk, size_gb in disks.values_list("server_id", "size_gb")}

    def new_gb(self, pk: str, image: Image) -> int:
        return least_gb(image, self.sizes_gb.get(pk, 0))

    @cached_property
    def host(self) -> Host:
        return host_of(self.actor.region)

    def first_verdicts(self, image: Image | None, *, stop_first: bool) -> dict[str, Verdict]:
        """What can be said of each server before login, quota and memory are known."""

        def verdict_on(server: Server) -> Verdict:
            first = can_change_os(server, self.actor) and is_stopped_first(server, stop_first=stop_first)
            return first and (can_become(server, image, self.actor, self.host) if image else ALLOWED)

        return {pk: verdict_on(server) for pk, server in self.servers.items()}

    @cached_property
    def alike(self) -> list[tuple[Server, int]]:
        """One of the servers that are equal in all that an image is asked about, and how many of them there are."""
        kinds: dict[tuple[str, str, str], list[Server]] = {}
        for server in self.servers.values():
            kinds.setdefault((server.flavor_id, server.architecture, server.boot_mode), []).append(server)
        return [(servers[0], len(servers)) for servers in kinds.values()]

    def fits(self, image: Image) -> Verdict:
        """Whether one of the servers at least can become it."""
        verdicts = [can_become(server, image, self.actor, self.host) for server, _count in self.alike]
        return ALLOWED if any(verdicts) else first_refusal(verdicts)

    def told_of_fit(self, image: Image) -> str:
        """Of an image that does not fit every server, how many."""
        able = sum(count for server, count in self.alike if can_become(server, image, self.actor, self.host))
        if able in (0, len(self.servers)):
            return ""
        return _("Fits %(some)s of %(all)s servers.") % {"some": able, "all": len(self.servers)}

    def changes(self, chosen: Mapping[str, Any]) -> dict[str, OsChange]:
        """What is still to be tried, by server; `chosen` are image and login (`ChangeOsManyForm.order`)."""
        return {
            pk: OsChange(server, system_disk_gb=self.new_gb(pk, chosen["image"]), **chosen)
            for pk, server in self.servers.items()
            if pk not in self.outcomes
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
            for pk, name in self.names.items()
        ]


def servers_among(picked: Iterable[str], actor: Actor) -> list[Server]:
    """The actor's servers with these IDs, by name; whatever else was picked is not there."""
    ids = [pk for word in picked if (pk := id_of(word))]
    servers = Server.objects.visible_to(actor).existing().filter(pk__in=ids)
    return list(
        with_lost_images(
            with_locked_disks(servers.select_related("flavor", "project", "image").order_by("name", "pk"))
        )
    )


def summary_of_lines(lines: Iterable[ServerLine], image: Image | None) -> Summary:
    """Of those that can be changed; the list says what becomes of the others."""
    able = {line.server: line.new_gb or line.present_gb for line in lines if line.server and line.verdict}
    return Summary(
        facts=[(gettext_lazy("Servers"), len(able)), (gettext_lazy("New image"), image or "–")],
        quota={"disks": len(able), "disk_gb": sum(able.values())} if image else {},
        costs=Costs(image=image, changed=able) if able else None,
    )


def begin_change(change: OsChange | None, *, actor: Actor) -> str:
    """None is a server that is gone, or whose new image is."""
    if change is None:
        raise NotFound
    change_os(**vars(change), actor=actor)
    return ""


def _verdict_of(outcome: ServerOutcome) -> Verdict:
    return refuse_as(outcome["code"], **outcome["values"]) if outcome.get("code") else ALLOWED


def _gone() -> Verdict:
    return refuse_as("not-found")
