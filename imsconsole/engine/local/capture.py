"""Stored disks made of a server's disks: as they are at one instant, flattened, standing alone, with their key.

A running guest's disks are copied by its own QEMU (`blockdev-backup`, all in one transaction, at one
instant) while the guest goes on; the copies grow in its run folder, the only place it can make files in.
Such a copy survives whoever ordered it: the next attempt finds it and follows it to its end. Disks at
rest are copied by `qemu-img`. What is finished is hashed and given its name in the store like any disk.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from imsconsole.core.errors import ImsError, NoSpace, Unavailable
from imsconsole.core.folders import remove
from imsconsole.core.full_disk import met_full_disk
from imsconsole.engine.conversion.hashing import settled
from imsconsole.engine.conversion.qcow2 import header_of
from imsconsole.engine.conversion.qemu_img import QemuImg
from imsconsole.engine.conversion.scratch import link
from imsconsole.engine.local import keys, machine
from imsconsole.engine.local.copying import (
    PREFIX,
    SUFFIX,
    DiskCopy,
    copies_in,
    copy_in,
    drop,
    forget,
    jobs_of,
    sizes_of,
    target_node,
    target_of,
    transaction,
)
from imsconsole.engine.local.machines import Machines
from imsconsole.engine.local.qmp import Qmp, QmpError, qmp
from imsconsole.engine.local.store import BASE, RUN, Store
from imsconsole.engine.types import MIB, DiskSpec, ServerSpec, StoredDisk, Work

POLL_S = 0.1
SILENCE_LIMIT_S = 60.0  # of a QEMU that lives and does not answer
IN_USE = "is in use by block job"  # QEMU's words
TRIES = 3  # of a guest that ends and starts again while its disks are copied


class GuestGone(Exception):
    """The guest has ended before its disks were copied: they are at rest now."""


class Busy(Exception):
    """Other work copies one of these disks just now: QEMU copies a disk for one at a time."""


class Captures:
    """Captures disks of one region."""

    def __init__(self, store: Store, machines: Machines, qemu_img: QemuImg) -> None:
        self._store = store
        self._machines = machines
        self._qemu_img = qemu_img

    def capture(
        self, server: ServerSpec | None, disks: Mapping[UUID, DiskSpec], work: Work
    ) -> dict[UUID, StoredDisk]:
        """All of them, of one instant, or none."""
        copies = [DiskCopy(stored, disk) for stored, disk in disks.items()]
        if finals := self._adopted(copies, work):
            return {each: self._described(final, work) for each, final in finals.items()}
        with self._store.scrap(work) as scrap:
            made = self._made(server, copies, scrap, work)
            return self._finished(made, work)

    def layers(
        self, server: ServerSpec, disks: Sequence[DiskSpec], scrap: Path, work: Work
    ) -> dict[UUID, Path]:
        """Files in `scrap`, by disk, as they are at one instant: none when no guest runs. That of a system disk is its layer alone."""
        return self._copied_by_guest(
            server, [DiskCopy(disk.id, disk, is_layer=True) for disk in disks], scrap, work
        )

    def _made(
        self, server: ServerSpec | None, copies: Sequence[DiskCopy], scrap: Path, work: Work
    ) -> dict[UUID, Path]:
        made = self._copied_by_guest(server, copies, scrap, work) if server else {}
        return made or self._at_rest(copies, scrap, work)

    def _copied_by_guest(
        self, server: ServerSpec, copies: Sequence[DiskCopy], scrap: Path, work: Work
    ) -> dict[UUID, Path]:
        """A guest that ends meanwhile leaves its disks at rest, unless somebody starts it again: none then."""
        ends = 0
        while ends < TRIES:
            try:
                return self._of_a_guest(server, copies, scrap, work)
            except GuestGone:
                ends += 1
            except Busy:
                work.report(0, 0)
                time.sleep(POLL_S)
        return {}

    # what is finished
    def _adopted(self, copies: Sequence[DiskCopy], work: Work) -> dict[UUID, Path]:
        """What an earlier attempt finished, all of it; a part of it is of no use and is removed."""
        images = self._store.images
        found = {each.stored: self._store.attempts(images, str(each.stored), SUFFIX) for each in copies}
        if all(found.values()):
            adopted = {each: self._store.adopt(images, str(each), SUFFIX, work) for each in found}
            return {each: path for each, path in adopted.items() if path}
        for paths in found.values():
            for path in paths:
                work.hold()
                remove(path)
        return {}

    def _finished(self, made: Mapping[UUID, Path], work: Work) -> dict[UUID, StoredDisk]:
        """Hash them, then give them their names. What was named is taken away when the rest cannot be."""
        stored = {each: self._described(path, work) for each, path in made.items()}
        named: dict[UUID, Path] = {}
        try:
            for each, path in made.items():
                named[each] = self._store.finish(path, self._store.images, str(each), SUFFIX, work)
        except BaseException:
            for final in named.values():
                remove(final)
            raise
        return {each: _named(disk, named[each]) for each, disk in stored.items()}

    def _described(self, path: Path, work: Work) -> StoredDisk:
        size = path.stat().st_size
        sha256 = settled(path, lambda _done: work.report(size, size))
        return StoredDisk(path.name, SUFFIX[1:], size, header_of(path)[0], f"sha256:{sha256}")

    # disks at rest
    def _at_rest(self, copies: Sequence[DiskCopy], scrap: Path, work: Work) -> dict[UUID, Path]:
        """By `qemu-img`, which finds them locked when a guest runs from them after all."""
        sizes = [each.disk.size_bytes for each in copies]
        made = {}
        for number, each in enumerate(copies):
            folder = scrap / each.stored.hex
            folder.mkdir(mode=0o700)
            report = _part(work, sum(sizes[:number]), sizes[number], sum(sizes))
            with self._store.users.lent(self._layers(each.disk)[0]) as user:
                user.let_in(folder)
                made[each.stored] = self._flattened(each.disk, folder, report)
        return made

    def _flattened(self, disk: DiskSpec, folder: Path, report: Callable[[float], None]) -> Path:
        layers, made = self._layers(disk), folder / "made"
        for layer in layers:
            link(layer, folder / layer.name)
        report(0)
        self._qemu_img.flatten(layers, made, size_bytes=disk.size_bytes, progress=report, key=disk.key)
        self._store.own(made)
        return made

    def _layers(self, disk: DiskSpec) -> list[Path]:
        """A disk's file, and that of the image under it when it is a system disk. Raises NotFound."""
        top = self._store.disk(disk.ref)
        base = top.with_name(BASE)
        return [top, base] if base.exists() else [top]

    def most_bytes(self, disk: DiskSpec) -> int:
        """What a copy of it takes, at most: what its layers have, or all of it. Raises NotFound."""
        have = sum(layer.stat().st_blocks * 512 for layer in self._layers(disk))
        return min(have, disk.size_bytes + disk.size_bytes // 4096) + 4 * MIB

    # disks of a running guest
    def _of_a_guest(
        self, server: ServerSpec, copies: Sequence[DiskCopy], scrap: Path, work: Work
    ) -> dict[UUID, Path]:
        """Empty when the guest does not run. Raises GuestGone when it has ended meanwhile."""
        work.hold()  # not while the server is locked: who is stopped here may not keep the next attempt waiting
        with ExitStack() as room:
            with self._machines.held(server.ref) as (folder, runs):
                if not runs:
                    drop(folder, copies_in(folder, copies))
                    return {}
                with qmp(folder) as talk:
                    goes_on = self._taken_over(talk, folder, copies, work)
                if not goes_on:
                    drop(folder, copies_in(folder, copies))
                for each in copies:  # a full disk would stop the guests of this host as well
                    kept = self._store.room.kept(
                        folder / RUN / target_of(each, work), self.most_bytes(each.disk)
                    )
                    room.enter_context(kept)
                if not goes_on:
                    self._begin(folder, copies, work)
            return self._followed(server.ref, folder, copies, scrap, work)

    def _followed(
        self, ref: str, folder: Path, copies: Sequence[DiskCopy], scrap: Path, work: Work
    ) -> dict[UUID, Path]:
        try:
            self._follow(ref, folder, copies, work)
            with self._machines.held(ref) as (folder, _runs):
                return self._collected(folder, copies, scrap, work)
        except (ImsError, OSError, GuestGone):
            with self._machines.held(ref) as (folder, _runs):
                drop(folder, [path for path in copies_in(folder, copies) if work.token in path.name])
            raise

    def _taken_over(self, talk: Qmp, folder: Path, copies: Sequence[DiskCopy], work: Work) -> bool:
        """Whether an earlier attempt's copying goes on, all of it; then it is ours."""
        jobs = jobs_of(talk)
        found = {each: copy_in(folder, each) for each in copies}
        if not all(found.values()) or not all(each.job in jobs for each in copies):
            return False
        for each, path in found.items():
            assert path is not None  # noqa: S101 - asked above
            path.rename(path.with_name(target_of(each, work)))
        return True

    def _begin(self, folder: Path, copies: Sequence[DiskCopy], work: Work) -> None:
        """One transaction: the disks are copied as they are now. Raises NoSpace, Unavailable."""
        with qmp(folder) as talk:
            sizes = sizes_of(talk)
        try:
            for each in copies:
                size = sizes[machine.node_of(each.disk)]
                self._qemu_img.create(folder / RUN / target_of(each, work), size, each.disk.key, each.base)
            with qmp(folder) as talk, keys.told(talk, *(each.disk.key for each in copies)):
                for each in copies:
                    talk.command("blockdev-add", **target_node(each, work))
                talk.command("transaction", **transaction(copies))
        except (ImsError, OSError, KeyError) as error:
            drop(folder, copies_in(folder, copies))
            if isinstance(error, QmpError) and IN_USE in str(error.values["detail"]):
                raise Busy from error
            raise _as_failure(error) from error

    def _follow(self, ref: str, folder: Path, copies: Sequence[DiskCopy], work: Work) -> None:
        """Report until all copying has come to an end, good or bad. Raises GuestGone."""
        heard_at = time.monotonic()
        while True:
            jobs = self._jobs_of(ref, folder, heard_at)
            if jobs is not None:
                heard_at = time.monotonic()
                ours = [jobs[each.job] for each in copies if each.job in jobs]
                if len(ours) < len(copies):
                    raise GuestGone
                work.report(_sum(ours, "current-progress"), _sum(ours, "total-progress"))
                if all(job["status"] == "concluded" for job in ours):
                    return
            time.sleep(POLL_S)

    def _jobs_of(self, ref: str, folder: Path, heard_at: float) -> dict[str, dict[str, Any]] | None:
        """What QEMU is copying; None when it does not answer just now. Raises GuestGone, Unavailable."""
        try:
            with qmp(folder) as talk:
                return jobs_of(talk)
        except Unavailable:
            if not self._machines.is_running(ref):
                raise GuestGone from None
            if time.monotonic() - heard_at > SILENCE_LIMIT_S:
                raise
            return None

    def _collected(
        self, folder: Path, copies: Sequence[DiskCopy], scrap: Path, work: Work
    ) -> dict[UUID, Path]:
        """The finished copies, out of the guest's reach. Raises GuestGone, NoSpace, Unavailable."""
        try:
            with qmp(folder) as talk:
                jobs = jobs_of(talk)
                errors = [str(jobs[each.job]["error"]) for each in copies if "error" in jobs[each.job]]
                for each in copies if not errors else ():
                    forget(talk, each.job, each.node)
        except (Unavailable, KeyError):
            raise GuestGone from None
        if errors:
            raise NoSpace if met_full_disk(0, errors[0]) else Unavailable("capture-failed", detail=errors[0])
        made = {}
        for each in copies:
            made[each.stored] = scrap / f"{each.stored.hex}{SUFFIX}"
            if path := copy_in(folder, each):  # whichever attempt's name it bears just now
                path.rename(made[each.stored])
            self._store.own(made[each.stored], self._store.users.of(folder / RUN))
            self._require_alone(made[each.stored], each.base)
        return made

    def _require_alone(self, made: Path, base: str) -> None:
        """It was made where a guest that broke out could reach. Raises Unavailable."""
        described = self._qemu_img.info(made, "qcow2")
        data_file = described.get("format-specific", {}).get("data", {}).get("data-file")
        if described.get("backing-filename", "") != base or data_file:
            raise Unavailable("capture-failed", detail="not a disk of its own")

    # what was left
    def sweep(self, token: str) -> None:
        """End the copying of attempts whose token begins so, and remove what it made."""
        for name in {path.parent.parent.name for path in self._left(token)}:
            with self._machines.held(name) as (folder, _runs):
                drop(folder, [path for path in self._left(token) if path.parent.parent == folder])

    def tokens(self) -> frozenset[str]:
        return frozenset(path.name.split(".")[1] for path in self._left(""))

    def _left(self, token: str) -> list[Path]:
        return sorted(self._store.servers.glob(f"*/{RUN}/{PREFIX}*.{token}*{SUFFIX}"))


def _sum(jobs: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(int(job[name]) for job in jobs)


def _part(work: Work, before: int, size: int, total: int) -> Callable[[float], None]:
    return lambda percent: work.report(before + int(size * percent / 100), total)


def _named(disk: StoredDisk, final: Path) -> StoredDisk:
    return StoredDisk(final.name, disk.format, disk.size_bytes, disk.virtual_size_bytes, disk.checksum)


def _as_failure(error: Exception) -> Exception:
    """QEMU's refusal, in our words."""
    if isinstance(error, QmpError):
        detail = str(error.values["detail"])
        return NoSpace() if met_full_disk(0, detail) else Unavailable("capture-failed", detail=detail)
    return Unavailable("capture-failed", detail="no such disk") if isinstance(error, KeyError) else error
