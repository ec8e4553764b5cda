"""`LocalEngine`: the words of `engine.api` on this machine's files and processes."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from imsconsole.core.errors import Conflict
from imsconsole.core.folders import remove
from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.conversion.exporting import Wish
from imsconsole.engine.conversion.hashing import settled
from imsconsole.engine.conversion.ingesting import beat, convert, keep_iso
from imsconsole.engine.conversion.inspecting import inspecting
from imsconsole.engine.conversion.limits import GUEST_UIDS, run_as
from imsconsole.engine.conversion.qcow2 import header_of
from imsconsole.engine.conversion.qemu_img import QemuImg
from imsconsole.engine.conversion.scratch import link
from imsconsole.engine.conversion.transfers import brought
from imsconsole.engine.conversion.users import FOLDER, Users
from imsconsole.engine.inspection import with_system
from imsconsole.engine.local.capture import Captures
from imsconsole.engine.local.copies import content_of, export_disk, rewritten, transferred
from imsconsole.engine.local.holding import Holding, holding, put_back
from imsconsole.engine.local.kvm import Accelerator, Wanted
from imsconsole.engine.local.listing import StoreListing, found
from imsconsole.engine.local.machine import CD
from imsconsole.engine.local.machines import Machines, Network
from imsconsole.engine.local.measuring import uses_of
from imsconsole.engine.local.probe import host_capabilities
from imsconsole.engine.local.store import BASE, Store, server_of
from imsconsole.engine.local.verifying import digest_on_disk, resting_on
from imsconsole.engine.local.wall import IpNetwork
from imsconsole.engine.types import (
    GIB,
    Asked,
    Capabilities,
    DiskSpec,
    Exported,
    FileSource,
    Found,
    Inventory,
    Key,
    Kind,
    ServerSpec,
    ServerState,
    Sink,
    Source,
    Space,
    StoredDisk,
    UnixSocket,
    Use,
    Work,
    never,
)


class LocalEngine:
    """Images, disks and servers in the folder `root`.

    `network`: "none" (a NIC without a cable), "user" (DHCP and the forwarded SSH port, nothing else) or "internet" (user
    mode with a way out: as `engine.local.wall` says, and to `reached`). `memory_mb` is what all running
    guests may use together, those of the regions beside `root` included. When we are root each guest and each conversion
    has one of the numbers `guest_uids` and the group of `guest_user`. `accelerator` "auto" is KVM where it runs a guest,
    else TCG; what was found out is kept beside `root`. `file_bytes` caps any file qemu-img writes (0 is no cap).
    """

    def __init__(
        self,
        root: Path,
        *,
        network: Network = "none",
        reached: Sequence[IpNetwork] = (),
        memory_mb: int,
        guest_user: str = "",
        guest_uids: range = GUEST_UIDS,
        accelerator: Wanted = "auto",
        file_bytes: int = 0,
    ) -> None:
        common = run_as(guest_user)
        self._users = Users(root.absolute().parent / FOLDER, common, guest_uids)
        self._store = Store(root.absolute(), self._users)
        self._qemu_img = QemuImg(self._users, self._store.room, file_bytes)
        self._memory_mb = memory_mb
        self._accelerator = Accelerator(self._store.root.parent, common, accelerator)
        self._machines = Machines(
            self._store, network=network, reached=reached, memory_mb=memory_mb, accelerator=self._accelerator
        )
        self._captures = Captures(self._store, self._machines, self._qemu_img)

    # what there is
    def capabilities(self) -> Capabilities:
        found = host_capabilities(self._accelerator.asked())
        return replace(found, memory_mb=self._memory_mb, isolated=self._users.common.switch)

    def free_space(self) -> Space:
        return self._store.free_space()

    def inventory(self) -> Inventory:
        """System disks are counted among the disks."""
        there = StoreListing(self._store.root)
        return Inventory(
            stored=there.stored,
            servers=there.servers,
            disks=there.disks | there.systems,
            scraps=(there.scraps & self._store.names()) | self._captures.tokens(),
            strays=there.strays,
            running=self._machines.running(),
            marks=there.marks,
        )

    def find(self, kind: Kind, id: UUID) -> tuple[str, ...]:
        return found(self._store.root, kind, id)

    def sweep(self, token: str, *, keep_captures: bool = False) -> None:
        self._store.sweep(token)
        if not keep_captures:
            self._captures.sweep(token)

    def discard(self, ids: Iterable[UUID], token: str, *, work: Work, server: UUID | None = None) -> None:
        self.sweep(token)
        for each in ids:
            self._machines.discard(each, token)
            for path in self._store.left_of(each, token):
                remove(path)
            for ref in self._store.systems_of(each, token, server) if server else ():
                self._remove_disk(ref)

    def remove_stray(self, name: str) -> None:
        if name in StoreListing(self._store.root).strays:
            remove(self._store.root / name)

    @raises_no_space()
    def qemu_img(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        """Run qemu-img for the inspection: exit code, output, errors."""
        return inspecting(self._store, self._qemu_img, arguments)

    def holding(self) -> AbstractContextManager[Holding]:
        return holding(self._store, self._machines, self._captures)

    @raises_no_space()
    def put_back(self, name: str, source: Source, checksum: str, *, like: str = "", work: Work) -> None:
        put_back(self._store, name, source, checksum, like=like, work=work)

    # stored disks of images
    @raises_no_space()
    def ingest(
        self,
        disk_id: UUID,
        source: Source,
        *,
        format: str,
        work: Work,
        key: Key | None = None,
        limit_bytes: int = 0,
    ) -> StoredDisk:
        suffix = ".iso" if format == "iso" else ".qcow2"
        if adopted := self._store.adopt(self._store.images, str(disk_id), suffix, work):
            return self._described(adopted, f"sha256:{settled(adopted, beat(work, source.size_bytes))}")
        with self._store.scrap(work) as folder:
            made = folder / "made"
            if format == "iso":
                sha256 = keep_iso(self._store, source, made, work)
            else:
                wish = Wish(format, key, limit_bytes)
                sha256 = convert(self._store, self._qemu_img, source, made, wish, work)
            final = self._store.finish(made, self._store.images, str(disk_id), suffix, work)
        return self._described(final, f"sha256:{sha256}")

    def _described(self, path: Path, checksum: str) -> StoredDisk:
        format, size = path.suffix[1:], path.stat().st_size
        virtual = size if format == "iso" else header_of(path)[0]
        return StoredDisk(path.name, format, size, virtual, checksum)

    @raises_no_space()
    def copy(
        self, disk_id: UUID, ref: str, *, work: Work, key: Key | None = None, new_key: Key | None = None
    ) -> StoredDisk:
        made, sha256 = rewritten(self._store, self._qemu_img, disk_id, ref, work, key, new_key)
        return self._described(made, f"sha256:{sha256}")

    @raises_no_space()
    def transfer(
        self, disk_id: UUID, source: Source, *, checksum: str, format: str, work: Work
    ) -> StoredDisk:
        if format == "raw":  # as no disk is kept here
            with brought(self._store, disk_id, source, checksum, work) as path:
                stored = self.ingest(disk_id, FileSource(path), format=format, work=work)
                remove(path)
                return stored
        made = transferred(self._store, disk_id, source, checksum=checksum, format=format, work=work)
        return self._described(made, checksum)

    @raises_no_space()
    def capture(
        self, server: ServerSpec | None, disks: Mapping[UUID, DiskSpec], *, work: Work
    ) -> dict[UUID, StoredDisk]:
        return self._captures.capture(server, disks, work)

    def capture_bytes(self, disks: Iterable[DiskSpec]) -> int:
        return sum(map(self._captures.most_bytes, disks))

    def open(self, ref: str, offset: int = 0) -> BinaryIO:
        stream = self._store.stored(ref).open("rb")
        stream.seek(offset)
        return stream

    def verify(self, ref: str, checksum: str, *, work: Work) -> bool:
        path = self._store.stored(ref)
        total, (algorithm, _colon, digits) = path.stat().st_size, checksum.partition(":")
        return digest_on_disk(path, algorithm, lambda done: work.report(done, total)) == digits

    @raises_no_space()
    def system_on(self, ref: str) -> Found:
        path = self._store.stored(ref)
        size, is_encrypted = header_of(path)
        found = Found(path.suffix[1:], size, path.stat().st_size)
        return found if is_encrypted else with_system(path, found, run=self.qemu_img)

    def resting_on(self, ref: str) -> frozenset[str]:
        return resting_on(self._store, ref)

    @raises_no_space()
    def export(
        self, ref: str, sink: Sink, *, format: str, work: Work, key: Key | None = None, limit_bytes: int = 0
    ) -> Exported:
        return export_disk(self._store, self._qemu_img, ref, sink, Wish(format, key, limit_bytes), work)

    def delete(self, ref: str, *, work: Work) -> None:
        if path := self._store.find_stored(ref):
            work.hold()
            remove(path)

    # disks of servers
    @raises_no_space()
    def create_disk(
        self, disk_id: UUID, size_bytes: int, *, work: Work, image_ref: str = "", key: Key | None = None
    ) -> str:
        store = self._store
        if adopted := store.adopt(store.disks, str(disk_id), ".qcow2", work):
            return adopted.name
        with store.scrap(work) as folder:
            made = folder / "made"
            if image_ref:
                content_of(store, self._qemu_img, image_ref, made, size_bytes, work, key)
            else:
                self._qemu_img.create(made, size_bytes, key)
            store.open_filled(made).close()
            self._users.take_back(made)
            return store.finish(made, store.disks, str(disk_id), ".qcow2", work).name

    @raises_no_space()
    def grow_disk(
        self, disk: DiskSpec, size_bytes: int, *, work: Work, server: ServerSpec | None = None
    ) -> str:
        path = self._store.disk(disk.ref)
        work.hold()
        if server and self._machines.grow(server, disk, size_bytes):
            return disk.ref
        if header_of(path)[0] < size_bytes:
            with self._users.lent(path) as user:
                base = BASE if server_of(disk.ref) else ""
                self._qemu_img.resize(path, size_bytes, disk.key, base, user=user)
        return disk.ref

    def delete_disk(self, ref: str, *, work: Work) -> None:
        work.hold()
        self._remove_disk(ref)

    def _remove_disk(self, ref: str) -> None:
        """A system disk goes with its base; the server must not run from it."""
        if (path := self._store.find_disk(ref)) is None:
            return
        if server := server_of(ref):
            self._machines.require_unused(str(server), ref)
            self._store.delete_tree(path.parent)
        else:
            remove(path)

    # servers
    @raises_no_space()
    def create_server(self, server: ServerSpec, image_ref: str = "", *, work: Work) -> ServerSpec:
        image = self._store.stored(image_ref) if image_ref else None
        folder = self._machines.take_over(server.id, work)
        if folder is None:
            folder = self._build_server(server, image, work)
        cd_ref = f"{folder.name}/{CD}" if server.cd_ref else ""
        return self._with_new_system(folder, replace(server, ref=folder.name, cd_ref=cd_ref), image, work)

    def _build_server(self, server: ServerSpec, image: Path | None, work: Work) -> Path:
        """The folder with its system disk inside, whole from its first moment."""
        with self._store.scrap(work, self._users.taken(self._store.servers / str(server.id))) as scrap:
            made = scrap / "server"
            made.mkdir(mode=0o700)
            self._users.of(scrap).let_in(made)
            if server.cd_ref:
                link(self._store.stored(server.cd_ref), made / CD)
            self._layer(made / f"system-{server.disks[0].id}.{work.token}", image, server.disks[0])
            return self._machines.finish(made, server.id, work)

    def _with_new_system(
        self, folder: Path, server: ServerSpec, image: Path | None, work: Work
    ) -> ServerSpec:
        """The spec with its system disk, made now or by an earlier attempt."""
        name = f"system-{server.disks[0].id}"
        disk = self._store.adopt(folder, name, "", work)
        if disk is None:
            with self._store.scrap(work, nullcontext(self._users.of(folder))) as scrap:
                self._layer(scrap / "system", image, server.disks[0])
                disk = self._store.finish(scrap / "system", folder, name, "", work)
        system = replace(server.disks[0], ref=f"{folder.name}/{disk.name}")
        return replace(server, disks=(system, *server.disks[1:]))

    def _layer(self, made: Path, image: Path | None, disk: DiskSpec) -> None:
        """A link of the image's file and a layer over it: the cost does not depend on the size.

        A blank disk has a blank base, so that all system disks are alike.
        """
        made.mkdir(mode=0o700)
        self._users.of(made.parent).let_in(made)
        if image:
            link(image, made / BASE)
        else:
            self._qemu_img.create(made / BASE, disk.size_bytes, disk.key)
            self._store.own(made / BASE)
        needed, is_encrypted = header_of(made / BASE)
        if is_encrypted != bool(disk.key):
            raise Conflict("wrong-key")
        if disk.size_bytes < needed:
            sizes = {"needed_gb": -(-needed // GIB), "size_gb": disk.size_bytes // GIB}
            raise Conflict("system-disk-too-small", **sizes)
        self._qemu_img.create(made / "disk.qcow2", disk.size_bytes, disk.key, BASE)
        with self._store.open_filled(made / "disk.qcow2") as layer:
            os.fsync(layer.fileno())

    @raises_no_space()
    def switch_system_disk(
        self, server: ServerSpec, incoming: DiskSpec, image_ref: str = "", *, work: Work
    ) -> ServerSpec:
        """A start takes whatever disk it is given: a kept one is only looked at."""
        folder = self._store.server(str(server.id))
        self._machines.require_stopped(folder.name)
        wanted = replace(server, ref=folder.name, disks=(incoming, *server.disks[1:]))
        if not image_ref:
            self._store.disk(incoming.ref)
            return wanted
        return self._with_new_system(folder, wanted, self._store.stored(image_ref), work)

    def resize(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        """A start takes whatever size it is given: only the old one must not be in use."""
        work.hold()
        self._machines.require_stopped(self._store.server(server.ref).name)
        return server

    @raises_no_space()
    def start(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        self._machines.start(server, work)
        return server

    @raises_no_space()
    def stop(self, ref: str, *, graceful_s: float, work: Work, is_forced: Asked = never) -> ServerState:
        return self._machines.stop(ref, graceful_s, is_forced, work)

    @raises_no_space()
    def reboot(
        self, server: ServerSpec, *, graceful_s: float, work: Work, is_forced: Asked = never
    ) -> ServerSpec:
        self._machines.reboot(server, graceful_s, is_forced, work)
        return server

    def delete_server(self, ref: str, *, work: Work) -> None:
        work.hold()
        self._machines.delete(ref)

    @raises_no_space()
    def states(self, refs: Iterable[str]) -> dict[str, ServerState]:
        return {ref: self._machines.state(ref) for ref in refs}

    def uses(self, refs: Iterable[str], *, limit_s: float) -> dict[str, Use]:
        return uses_of(self._store.servers, refs, limit_s)

    @raises_no_space()
    def attach(self, server: ServerSpec, disk: DiskSpec, *, work: Work) -> str:
        self._machines.attach(server, disk, work)
        return disk.ref

    @raises_no_space()
    def detach(self, server: ServerSpec, disk: DiskSpec, *, work: Work) -> None:
        self._machines.detach(server, disk, work)

    @raises_no_space()
    def mount_iso(self, server: ServerSpec, iso_ref: str, *, work: Work) -> str:
        return self._machines.mount_iso(server, iso_ref, work)

    def eject_iso(self, server: ServerSpec, *, work: Work) -> None:
        self._machines.eject_iso(server, work)

    @raises_no_space()
    def screen(self, ref: str) -> bytes:
        return self._machines.screen(ref)

    def console_endpoint(self, ref: str) -> UnixSocket:
        return self._machines.console_endpoint(ref)

    def serial_endpoint(self, ref: str) -> UnixSocket:
        return self._machines.serial_endpoint(ref)

    def console_log(self, ref: str, *, limit_bytes: int = 65536, joined: bool = False) -> str:
        return self._machines.console_log(ref, limit_bytes, joined=joined)
