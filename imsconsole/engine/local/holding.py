"""Files of a region that are held while a backup of the console is made, and that are put back from one.

A held file is one more link of it in a scrap of this process, so it stays whoever deletes it. What guests write to is copied: by
their own QEMU, all disks of a server at one instant and each system disk without the image under it, or here when it is at rest.
"""

import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from imsconsole.core.durable import sync
from imsconsole.core.errors import BadImage, NotFound, Unsupported
from imsconsole.core.folders import locked_folder, remove
from imsconsole.engine.conversion.hashing import PIECE_BYTES, Writer
from imsconsole.engine.conversion.ownership import open_theirs
from imsconsole.engine.conversion.scratch import READ, READ_ONLY, clone, link
from imsconsole.engine.local import tpm, tray
from imsconsole.engine.local.capture import Captures
from imsconsole.engine.local.listing import OF_SYSTEM, REGION
from imsconsole.engine.local.machine import CD
from imsconsole.engine.local.machines import MADE_BY, Machines
from imsconsole.engine.local.store import BASE, DISK_REF, SERVER_REF, STORED_REF, SYSTEM_REF, Store
from imsconsole.engine.types import DiskSpec, Kind, ServerSpec, Source, Work

OF_SERVER = (MADE_BY, CD, tray.ISO)  # what is nowhere else; all the rest is made at each start
OF_TPM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # but for its lock
LAYER, VARIABLES = "disk.qcow2", "vars.fd"
TRIES = 3
SETTLED_NS = 10**9
PAUSE_S = 0.2


class Holding:
    """What is held, by names below the region's root."""

    def __init__(self, folder: Path, store: Store, machines: Machines, captures: Captures) -> None:
        self._folder = folder
        self._store = store
        self._machines = machines
        self._captures = captures
        self._taken: dict[str, tuple[str, ...]] = {}  # by the reference of a disk or server
        self._written: dict[str, tuple[str, ...]] = {}  # by the reference of a disk

    def take(self, kind: Kind, ref: str) -> tuple[str, ...]:
        """What was held before is held, also if it is gone by now."""
        stored = f"{self._store.images.name}/{ref}"
        before = self._taken.get(ref) or ((stored,) if self.path(stored).exists() else ())
        try:
            found = [self._linked(path) for path in self._files(kind, ref)]
        except NotFound:
            if not before:
                raise
            found = []
        names = tuple(dict.fromkeys((*before, *found)))
        if kind is not Kind.STORED:
            self._taken[ref] = names
        if kind is Kind.DISK:
            self._written[ref] = tuple(name for name in names if not _is_settled(name))
        return names

    def path(self, name: str) -> Path:
        return self._folder / name.replace("/", "+")

    def is_final(self, name: str) -> bool:
        return _is_final(self.path(name))

    def still(
        self,
        server: ServerSpec | None,
        disks: Sequence[DiskSpec],
        *,
        known: Mapping[str, int] | None = None,
        work: Work,
    ) -> bool:
        for _ in range(TRIES):
            times = {name: self._time(name) for disk in disks for name in self._written[disk.ref]}
            new = {name for name in times if (known or {}).get(name) != times[name]}
            if self._of_guest(server, disks, times, new, work) or self._at_rest(server, times, new):
                return True
            time.sleep(PAUSE_S)
        return False

    def _files(self, kind: Kind, ref: str) -> list[Path]:
        if kind is Kind.STORED:
            return [self._store.stored(ref)]
        if kind is Kind.SERVER:
            folder = self._store.server(ref)
            return [folder / name for name in OF_SERVER if (folder / name).exists()]
        if not SYSTEM_REF.fullmatch(ref):
            return [self._store.disk(ref)]
        folder = self._store.disk(ref).parent
        if not (folder / LAYER).exists():
            raise NotFound("no-such-bytes", ref=ref)
        names = [BASE, LAYER, VARIABLES]
        with suppress(FileNotFoundError):
            names += [
                f"{tpm.FOLDER}/{name}"
                for name in sorted(os.listdir(folder / tpm.FOLDER))
                if OF_TPM.fullmatch(name)
            ]
        return [folder / name for name in names if os.path.lexists(folder / name)]

    def _linked(self, path: Path) -> str:
        name = str(path.relative_to(self._store.root))
        held = self.path(name)
        try:
            if path.parent.name == tpm.FOLDER:  # the folder is its user's: no link in it is followed
                with open_theirs(path, self._store.users.of(path.parent)) as file, held.open("xb") as out:
                    written_ns = os.fstat(file.fileno()).st_mtime_ns
                    shutil.copyfileobj(file, out)
                _set_time(held, written_ns)
            else:
                link(path, held)
        except FileExistsError:
            pass  # held before
        except FileNotFoundError as error:
            raise NotFound("no-such-bytes", ref=name) from error
        return name

    def _of_guest(
        self,
        server: ServerSpec | None,
        disks: Sequence[DiskSpec],
        times: Mapping[str, int],
        new: Collection[str],
        work: Work,
    ) -> bool:
        """Whether a guest runs from them, its QEMU has copied those that have something new, and nobody wrote to the others."""
        if server is None or not self._store.is_server(server.ref):
            return False
        copied = [disk for disk in disks if any(name in new for name in self._written[disk.ref])]
        others = [name for disk in disks if disk not in copied for name in self._written[disk.ref]]
        with self._store.scrap(work) as scrap:
            made = self._captures.layers(server, copied, scrap, work) if copied else {}
            runs = bool(made) or (not copied and self._machines.is_running(server.ref))
            if not runs or any(self._time(name) != times[name] for name in others):
                return False
            for disk in copied:
                for name in self._written[disk.ref]:
                    path = made[disk.id] if name.endswith(".qcow2") else self._copied(name)
                    _set_time(path, times[name])
                    self._replace(name, path)
        return True

    def _at_rest(self, server: ServerSpec | None, times: Mapping[str, int], new: Collection[str]) -> bool:
        """Copies of what nobody writes to meanwhile, as the files' own times tell."""
        made = {name: self._copied(name) for name in new}
        runs = (
            server is not None and self._store.is_server(server.ref) and self._machines.is_running(server.ref)
        )
        if runs or any(self._time(name) != times[name] for name in times):
            for path in made.values():
                remove(path)
            return False
        for name, path in made.items():
            os.utime(path, ns=(times[name], times[name]))
            self._replace(name, path)
        return True

    def _time(self, name: str) -> int:
        return self.path(name).stat().st_mtime_ns

    def _copied(self, name: str) -> Path:
        path = self.path(name)
        copied = path.with_name(f"{path.name}.copy")
        with self._store.room.kept(copied, path.stat().st_blocks * 512):
            clone(path, copied)
        return copied

    def _replace(self, name: str, made: Path) -> None:
        made.replace(self.path(name))


@contextmanager
def holding(store: Store, machines: Machines, captures: Captures) -> Iterator[Holding]:
    with locked_folder(store.scraps, READ) as folder:
        yield Holding(folder, store, machines, captures)


def put_back(store: Store, name: str, source: Source, checksum: str, *, like: str, work: Work) -> None:
    """See `OnHost.put_back`. What is of guests is the common user's until their next start."""
    target, common = store.root / name, store.users.common
    if not _is_known(name):
        raise Unsupported("no-such-place", name=name)
    is_theirs = name.endswith((LAYER, VARIABLES)) or f"/{tpm.FOLDER}/" in name
    is_final = not is_theirs and not name.startswith("disks/") and target.name != MADE_BY
    with locked_folder(store.scraps, READ) as scrap:
        made = scrap / "made"
        if like and is_final and _is_final(store.root / like):
            link(store.root / like, made)
        else:
            _filled(store, made, source, checksum, work)
            made.chmod(READ_ONLY if is_final else 0o600)
        if is_theirs:
            common.give(made)
        _make_folders(store, target.parent)
        work.hold()
        sync(made)
        made.replace(target)
        sync(target.parent)


def _filled(store: Store, made: Path, source: Source, checksum: str, work: Work) -> None:
    algorithm, _, digits = checksum.partition(":")
    total, done = source.size_bytes, 0
    with (
        store.room.kept(made, total),
        source.open() as stream,
        made.open("xb") as out,
        Writer(out, algorithm) as writer,
    ):
        while piece := stream.read(PIECE_BYTES):
            writer.write(piece)
            done += len(piece)
            work.report(done, total)
        if (found := writer.hexdigest()) != digits:
            raise BadImage("transfer-differs", found=found, wanted=digits)


def _make_folders(store: Store, folder: Path) -> None:
    """A server's folder, and those within, each of whom it is."""
    parts = folder.relative_to(store.root).parts
    for depth in range(2, len(parts) + 1):
        inner = store.root.joinpath(*parts[:depth])
        if not inner.is_dir():
            inner.mkdir(mode=0o700)
            give = store.users.common.give if inner.name == tpm.FOLDER else store.users.common.let_in
            give(inner)


def _is_known(name: str) -> bool:
    """Whether a held file may have that name: no other is written to."""
    place, _, rest = name.partition("/")
    if not REGION.fullmatch(place):
        return False
    if place != "servers":
        return bool({"images": STORED_REF, "disks": DISK_REF}.get(place, re.compile(r"(?!)")).fullmatch(rest))
    server, _, file = rest.partition("/")
    if file in OF_SERVER:
        return bool(SERVER_REF.fullmatch(server))
    system, _, inside = file.partition("/")
    folder, _, state = inside.rpartition("/")
    in_tpm = folder == tpm.FOLDER and OF_TPM.fullmatch(state)
    return bool(SYSTEM_REF.fullmatch(f"{server}/{system}") and (OF_SYSTEM.fullmatch(inside) or in_tpm))


def _is_settled(name: str) -> bool:
    """Whether no guest writes to it: the image under a system disk. What a TPM keeps was copied when it was taken."""
    return name.endswith(f"/{BASE}") or f"/{tpm.FOLDER}/" in name


def _is_final(path: Path) -> bool:
    return path.stat().st_mode & 0o777 == READ_ONLY


def _set_time(path: Path, written_ns: int) -> None:
    """That of what it is a copy of; none if that is so lately that the next write may have had the same, as a file system counts."""
    told = written_ns if time.time_ns() - written_ns > SETTLED_NS else 0
    os.utime(path, ns=(told, told))
