"""The servers of one region: one lock, one folder, at most one process each.

The lock is the server's folder itself (flock), held over all that is short; nobody holds work or says that it is alive with it,
for who is stopped there may not keep the next attempt waiting. A short lock of the whole region lines up starts while memory is counted.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args
from uuid import UUID

from imsconsole.core.durable import sync
from imsconsole.core.errors import Conflict, NotFound, Unavailable, Unsupported
from imsconsole.core.folders import remove
from imsconsole.engine.conversion import luks
from imsconsole.engine.conversion.limits import RunAs, missing_programs
from imsconsole.engine.conversion.luks import Secrets
from imsconsole.engine.conversion.ownership import open_theirs
from imsconsole.engine.local import hotplug, machine, probe, tpm, tray
from imsconsole.engine.local.ending import cut_power, shut_down
from imsconsole.engine.local.kvm import Accelerator
from imsconsole.engine.local.machine import GuestHost, Network
from imsconsole.engine.local.qmp import Qmp, qmp
from imsconsole.engine.local.serial import SERIAL_SOCKET, end_of_log, trim_log
from imsconsole.engine.local.state import (
    Recorded,
    describe,
    find_guest,
    note,
    note_end,
    now,
    read_state,
    this_boot,
    wait_gone,
    write_state,
)
from imsconsole.engine.local.store import RUN, Store, server_of
from imsconsole.engine.local.wall import IpNetwork, wall_off
from imsconsole.engine.types import Asked, DiskSpec, Power, ServerSpec, ServerState, UnixSocket, Work

MADE_BY = "made-by"
STARTS = 3  # tries, when another process takes the port between choosing and using it


class Machines:
    """Starts, watches and ends the guests whose folders are in `store.servers`."""

    def __init__(
        self,
        store: Store,
        *,
        network: Network,
        reached: Sequence[IpNetwork],
        memory_mb: int,
        accelerator: Accelerator,
    ) -> None:
        self._store = store
        if network not in get_args(Network):
            raise ValueError(f"not a network: {network!r}")
        self._network, self._reached = network, reached
        self._memory_mb = memory_mb
        self._accelerator = accelerator

    # folders
    def finish(self, made: Path, server: UUID, work: Work) -> Path:
        """Give a whole server folder its name, unless an earlier attempt did."""
        (made / MADE_BY).write_text(work.token)
        final = self._store.servers / str(server)
        sync(made)
        work.hold()
        try:
            made.rename(final)
        except OSError:
            if not final.is_dir():
                raise
            return self.take_over(server, work) or final
        sync(self._store.servers)
        try:
            work.hold()
        except BaseException:
            self.discard(server, work.token)
            raise
        return final

    def take_over(self, server: UUID, work: Work) -> Path | None:
        """The folder an earlier attempt made, now ours; None when there is none."""
        folder = self._store.servers / str(server)
        if not folder.is_dir():
            return None
        with self._locked(folder.name):
            work.hold()
            (folder / MADE_BY).write_text(work.token)
        return folder

    def discard(self, server: UUID, token: str) -> None:
        """Delete a server that work made whose token begins so, unless other work took it over."""
        with contextlib.suppress(NotFound), self._locked(str(server)) as folder:
            if (folder / MADE_BY).read_text().startswith(token):
                self._remove(folder)

    def delete(self, ref: str) -> None:
        try:
            with self._locked(ref) as folder:
                self._remove(folder)
        except NotFound:
            self._store.forget_tree(ref)

    def _remove(self, folder: Path) -> None:
        """Its disks outlive a server, and its user is the next one's."""
        cut_power(folder)
        users = self._store.users
        user = users.of(folder)
        tpm.end(folder, user)
        machine.reap()
        for disk in self._store.disks.iterdir() if users.is_own(user) else ():
            if disk.stat().st_uid == user.uid:
                users.take_back(disk)
        self._store.delete_tree(folder)

    @contextmanager
    def _locked(self, ref: str) -> Iterator[Path]:
        """A server's folder, held. Raises NotFound, also when it was deleted while we waited."""
        folder = self._store.server(ref)
        with _flock(folder) as number:
            if not folder.exists() or folder.stat().st_ino != os.fstat(number).st_ino:
                raise NotFound("no-such-server", ref=ref)
            yield folder

    @contextmanager
    def held(self, ref: str) -> Iterator[tuple[Path, bool]]:
        """A server's folder, held, and whether its guest runs. Raises NotFound."""
        with self._locked(ref) as folder:
            yield folder, self._noted(folder).power is Power.RUNNING

    # power
    def running(self) -> frozenset[str]:
        machine.reap()
        folders = [path for path in self._store.servers.iterdir() if path.is_dir()]
        return frozenset(path.name for path in folders if find_guest(path, read_state(path)))

    def state(self, ref: str) -> ServerState:
        """What a server is doing; notes an end nobody noted, unless it is just being worked on."""
        machine.reap()
        try:
            folder = self._store.server(ref)
            recorded = read_state(folder)
            trim_log(folder / RUN, self._store.users)
            if not recorded.running or find_guest(folder, recorded):
                return describe(folder, recorded)
            with _flock(folder, wait=False):
                return self._noted(folder)
        except (NotFound, FileNotFoundError):
            return ServerState(Power.MISSING)
        except BlockingIOError:
            return describe(folder, recorded)

    def _noted(self, folder: Path) -> ServerState:
        """The state under the lock, with the process and the record brought together."""
        recorded = read_state(folder)
        pid = find_guest(folder, recorded)
        if recorded.running and not pid:
            if recorded.pid and recorded.boot_id == this_boot():
                wait_gone(recorded.pid)
            recorded = note_end(folder, recorded)
        elif pid and pid != recorded.pid:
            note(folder, replace(recorded, pid=pid))
        return describe(folder, read_state(folder))

    def is_running(self, ref: str) -> bool:
        return self.state(ref).power is Power.RUNNING

    def require_stopped(self, ref: str) -> None:
        """Raises Conflict when the server runs."""
        if self.is_running(ref):
            raise Conflict("server-running", server=ref)

    def require_unused(self, ref: str, system_ref: str) -> None:
        """Raises Conflict when the server runs from that system disk."""
        if self._store.is_server(ref) and read_state(self._store.server(ref)).system_ref == system_ref:
            self.require_stopped(ref)

    def start(self, server: ServerSpec, work: Work) -> None:
        work.hold()
        with self._locked(server.ref) as folder:
            if self._noted(folder).power is not Power.RUNNING:
                with _keys(server) as secrets:
                    self._start(folder, server, secrets)

    def stop(self, ref: str, graceful_s: float, is_forced: Asked, work: Work) -> ServerState:
        self._come_down(ref, graceful_s, is_forced, work)
        return self.state(ref)

    def reboot(self, server: ServerSpec, graceful_s: float, is_forced: Asked, work: Work) -> None:
        with _keys(server):  # what could not start again is not stopped
            self._come_down(server.ref, graceful_s, is_forced, work)
        self.start(server, work)

    def _start(self, folder: Path, server: ServerSpec, secrets: Secrets) -> None:
        self._require_able(server)
        user = self._user_of(folder)
        host = GuestHost(user, self._network, self._accelerator.asked())
        self._require_disks(server)
        for disk in server.disks:
            user.give(self._store.disk(disk.ref))
        if self._network == "internet":
            wall_off(user, self._reached)
        for attempt in range(1, STARTS + 1):
            machine.prepare(folder, server, host)
            try:
                self._run(folder, server, host, secrets)
                return
            except (Unavailable, Conflict) as error:
                if read_state(folder).running:
                    note_end(folder, read_state(folder), "start-failed")
                if "host forwarding" not in str(error) or attempt == STARTS:
                    raise
        raise AssertionError("the last try returns or raises")

    def _user_of(self, folder: Path) -> RunAs:
        """A server's own user; one from before they had any is moved to its own."""
        users = self._store.users
        if (user := users.of(folder)) != users.common or not user.switch:
            return user
        with users.taken(folder) as user:
            machine.move(folder, users.common, user)
        return user

    def _require_able(self, server: ServerSpec) -> None:
        """Raises Unsupported when this host lacks what the server needs."""
        if missing_programs(probe.QEMU):
            raise Unsupported("qemu-missing", package="qemu-system-x86")
        if server.architecture != "x86":
            raise Unsupported("architecture-unsupported", architecture=server.architecture)
        if server.boot_mode == "uefi" and not probe.OVMF_CODE.exists():
            raise Unsupported("ovmf-missing", package="ovmf")
        if server.secure_boot and not probe.SECURE_CODE.exists():
            raise Unsupported("secure-boot-missing", package="ovmf")
        if server.tpm and missing_programs(probe.SWTPM):
            raise Unsupported("swtpm-missing", package="swtpm")

    def _require_disks(self, server: ServerSpec) -> None:
        """Raises NotFound when a disk, the CD or what is in the tray is gone or is not this server's."""
        for disk in server.disks:
            self._store.disk(disk.ref)
        if server.cd_ref and not (self._store.server(server.ref) / machine.CD).exists():
            raise NotFound("no-such-bytes", ref=server.cd_ref)
        if server.iso_ref and not (self._store.server(server.ref) / tray.ISO).exists():
            raise NotFound("no-such-bytes", ref=server.iso_ref)
        if server_of(server.disks[0].ref) != server.id:
            raise NotFound("no-such-bytes", ref=server.disks[0].ref)

    def _run(self, folder: Path, server: ServerSpec, host: GuestHost, secrets: Secrets) -> None:
        wished = read_state(folder).ssh_port
        with _flock(self._store.root.parent):
            self._require_memory(folder, server.memory_mb)
            port = machine.free_port(wished) if self._network != "none" else 0
            starting = Recorded(
                True, 0, this_boot(), server.memory_mb, port, server.disks[0].ref, reason="", since=now()
            )
            write_state(folder, starting)
            process = machine.spawn(folder, server, host, port, secrets)
        try:
            machine.wait_ready(folder, server, process)
        except BaseException:
            process.kill()
            process.wait()
            raise
        note(folder, replace(starting, pid=process.pid))

    def _require_memory(self, folder: Path, needed_mb: int) -> None:
        """Raises Unavailable when all guests of this host, of the regions beside ours too, would not fit. Starting ones count."""
        used = sum(
            state.memory_mb
            for other in self._store.root.parent.glob("*/servers/*")
            if other != folder and (state := read_state(other)).running and _is_there(other, state)
        )
        if used + needed_mb > self._memory_mb:
            raise Unavailable("no-guest-memory", needed_mb=needed_mb, free_mb=max(0, self._memory_mb - used))

    def _come_down(self, ref: str, graceful_s: float, is_forced: Asked, work: Work) -> None:
        """Let the guest end, then cut its power. Nothing is locked while its system is waited for, which may take long."""
        work.hold()
        with self._locked(ref) as folder:
            recorded = read_state(folder)
            if pid := find_guest(folder, recorded):
                note(folder, replace(recorded, pid=pid, stopping=True))
        if pid and not shut_down(folder, pid, graceful_s, is_forced, work):
            work.hold()
        with self._locked(ref) as folder:
            if pid and find_guest(folder, read_state(folder)) == pid:  # not one that was started since
                cut_power(folder)
            self._noted(folder)

    # disks of a running guest
    def attach(self, server: ServerSpec, disk: DiskSpec, work: Work) -> None:
        work.hold()
        with self._locked(server.ref) as folder:
            self._store.users.of(folder).give(self._store.disk(disk.ref))
            self._tell(folder, lambda talk: hotplug.add(talk, disk))

    def detach(self, server: ServerSpec, disk: DiskSpec, work: Work) -> None:
        work.hold()
        with self._locked(server.ref) as folder:
            self._tell(folder, lambda talk: hotplug.take_out(talk, disk))
            if path := self._store.find_disk(disk.ref):
                self._store.users.take_back(path)

    def grow(self, server: ServerSpec, disk: DiskSpec, size_bytes: int) -> bool:
        """Grow a disk that a guest has; False when the server does not run and nothing was done."""
        with self._locked(server.ref) as folder:
            return self._tell(folder, lambda talk: hotplug.grow(talk, disk, size_bytes))

    # what is in its tray
    def mount_iso(self, server: ServerSpec, iso_ref: str, work: Work) -> str:
        if (stored := self._store.stored(iso_ref)).suffix != ".iso":
            raise Unsupported("not-an-iso")
        work.hold()
        with self._locked(server.ref) as folder:
            tray.lay(folder, stored)
            self._tell(folder, tray.insert)
        return f"{server.ref}/{tray.ISO}"

    def eject_iso(self, server: ServerSpec, work: Work) -> None:
        work.hold()
        with self._locked(server.ref) as folder:
            self._tell(folder, tray.empty)
            remove(folder / tray.ISO)

    def _tell(self, folder: Path, say: Callable[[Qmp], None]) -> bool:
        """Say something to a guest's QEMU; False when it does not run, or has ended meanwhile."""
        if self._noted(folder).power is not Power.RUNNING:
            return False
        try:
            with qmp(folder) as talk:
                say(talk)
        except Unavailable:
            if self._noted(folder).power is Power.RUNNING:
                raise
            return False
        return True

    # what can be seen
    def screen(self, ref: str) -> bytes:
        folder = self._running(ref).parent
        picture = folder / RUN / "screen.png"
        with qmp(folder) as talk:
            talk.command("screendump", filename=picture.name, format="png")
            try:
                with open_theirs(picture, self._store.users.of(picture.parent)) as stream:
                    return stream.read()
            except FileNotFoundError as error:
                raise Unavailable("qemu-silent", detail="no picture") from error
            finally:
                remove(picture)

    def console_endpoint(self, ref: str) -> UnixSocket:
        return UnixSocket(self._running(ref) / machine.VNC_SOCKET)

    def serial_endpoint(self, ref: str) -> UnixSocket:
        if not (line := self._running(ref) / SERIAL_SOCKET).exists():
            raise Conflict("no-serial-input", server=ref)
        return UnixSocket(line)

    def _running(self, ref: str) -> Path:
        """The run folder of a server that runs. Raises Conflict."""
        folder = self._store.server(ref)
        if not self.is_running(ref):
            raise Conflict("server-not-running", server=ref)
        return folder / RUN

    def console_log(self, ref: str, limit_bytes: int, *, joined: bool = False) -> str:
        """QEMU takes connections in turn: once it talks to us it has taken the one that came before."""
        run = self._store.server(ref) / RUN
        if joined:
            with contextlib.suppress(Unavailable), qmp(run.parent):
                pass
        try:
            return end_of_log(run, self._store.users, limit_bytes)
        except FileNotFoundError:
            return ""


def _keys(server: ServerSpec) -> AbstractContextManager[Secrets]:
    """What unlocks a server's disks. Raises what a key's `material` raises."""
    return luks.secrets(*(disk.key for disk in server.disks))


def _is_there(folder: Path, state: Recorded) -> bool:
    """Whether there is a guest, or one is being started: that has no command line for moments, until it is QEMU."""
    return find_guest(folder, state) is not None or (not state.pid and _is_held(folder))


def _is_held(folder: Path) -> bool:
    try:
        with _flock(folder, wait=False):
            return False
    except BlockingIOError:
        return True
    except NotFound:
        return False


@contextmanager
def _flock(folder: Path, *, wait: bool = True) -> Iterator[int]:
    """Hold a folder. Raises NotFound; BlockingIOError when another holds it and we do not wait."""
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        raise NotFound("no-such-server", ref=folder.name) from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield number
    finally:
        os.close(number)
