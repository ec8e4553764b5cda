"""Which stored files the rows speak of, and holding them.

Files are held first, then the rows are read, then what these name beside is held: what was deleted in between has the rows read
again. So what a backup's rows name, it has; but for what was lost before.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from uuid import UUID

from imsconsole.accounts.models import Region
from imsconsole.cloud.buckets.store import is_local, storage, stored_name
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import BucketObject, Disk, Server, StoredBytes
from imsconsole.console_backup.held_objects import HeldObjects
from imsconsole.console_backup.listed import Listed
from imsconsole.core.errors import NotFound
from imsconsole.engine.api import Held, OnHost
from imsconsole.engine.types import Kind

BUCKETS = "buckets"  # in the place of a region's code


@dataclass(frozen=True)
class Wanted:
    """A stored file, a disk or a server of a region; or an object, whose region is `buckets`."""

    region: str
    kind: str
    ref: str
    id: UUID
    checksum: str = ""
    files: tuple[str, ...] = ()  # names, once it is held

    @property
    def key(self) -> str:
        return f"{self.region} {self.kind} {self.ref}"

    @property
    def listed(self) -> tuple[str, str]:
        return self.key, json.dumps([str(self.id), self.checksum, self.files])


def wanted(regions: list[str]) -> Iterator[Wanted]:
    """All of these regions, and objects if they are files here."""
    stored = StoredBytes.objects.kept().filter(region__in=regions)
    for region, ref, pk, checksum in stored.values_list("region", "ref", "pk", "checksum").iterator():
        yield Wanted(region, Kind.STORED, ref, pk, checksum)
    servers = Server.objects.existing().filter(project__region__in=regions).exclude(ref="")
    for region, ref, pk in servers.order_by("pk").values_list("project__region", "ref", "pk").iterator():
        yield Wanted(region, Kind.SERVER, ref, pk)
    disks = Disk.objects.existing().filter(project__region__in=regions).exclude(ref="")
    for region, ref, pk in disks.order_by("pk").values_list("project__region", "ref", "pk").iterator():
        yield Wanted(region, Kind.DISK, ref, pk)
    if is_local():
        there = BucketObject.objects.filter(state=BucketObject.State.STORED).order_by("pk")
        for pk in there.values_list("pk", flat=True).iterator():
            yield Wanted(BUCKETS, Kind.STORED, stored_name(pk), pk)


class AllHeld:
    """What this backup holds, region by region, and by what each name was asked for."""

    def __init__(self, holds: ExitStack) -> None:
        self.regions: dict[str, str] = dict(Region.objects.order_by("code").values_list("code", "engine"))
        engines = {code: engine_for(code) for code in self.regions}
        self._held: dict[str, Held] = {
            code: holds.enter_context(engine.holding())
            for code, engine in engines.items()
            if isinstance(engine, OnHost)
        }
        self.here = list(self._held)
        if is_local():
            self._held[BUCKETS] = holds.enter_context(HeldObjects.of(storage()))

    def of(self, region: str) -> Held:
        return self._held[region]

    def hold_all(self, things: Iterable[Wanted]) -> tuple[Listed, set[str]]:
        """The things with the names of their files; and the keys of those that are not there."""
        missing: set[str] = set()

        def held() -> Iterator[tuple[str, str]]:
            for thing in things:
                try:
                    files = self.of(thing.region).take(Kind(thing.kind), thing.ref)
                except NotFound:
                    missing.add(thing.key)
                    continue
                yield replace(thing, files=files).listed

        return Listed(held()), missing


def things_in(listed: Listed, prefix: str = "") -> Iterator[Wanted]:
    """What was listed, of the keys that begin so."""
    for key, word in listed.beginning(prefix):
        region, kind, ref = key.split(" ")
        pk, checksum, files = json.loads(word)
        yield Wanted(region, kind, ref, UUID(pk), checksum, tuple(files))
