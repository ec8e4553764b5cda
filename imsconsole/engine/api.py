"""The `Engine` protocol: every word that is spoken across the boundary.

Verbs are called by jobs, the clock and the process of the bridge to the screens, never for a page. Rules of
the protocol, promised by every engine and tested in `tests/engine/contract.py`:

* every creating verb may be called again with the same arguments and ends with one thing, not two;
* deleting what is missing is success;
* a verb that raises leaves no file behind but those that carry its `work.token`, which `sweep`
  removes; a file without a token in its name is whole;
* a reference is the engine's own word: nobody above looks into it. Every verb may return a new one, also of what
  else the server has, which replaces the one that was passed in;
* a verb that may wait for something takes `work`, and reports while it waits; all others answer within seconds
  or raise Unavailable: the clock asks them, no page does;
* what raises, or is interrupted, leaves all references as they were, but that of a machine that is no more; called
  again with those, a verb finds what it had made of them;
* an engine may share its place with others: it names, and touches, only what this console made;
* a disk that is encrypted is opened with its `key` and made with one, its content is nowhere in plain; a
  verb that needs a key raises what its `material` raises, Conflict `wrong-key` when it does not fit;
* errors are those of `core.errors`: Unavailable, NotFound, Conflict, NoSpace, BadImage, Unsupported.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable
from uuid import UUID

from imsconsole.engine.types import (
    Asked,
    Capabilities,
    DiskSpec,
    Endpoint,
    Exported,
    Foreign,
    Found,
    Inventory,
    Key,
    Kind,
    PublicImage,
    ServerSpec,
    ServerState,
    Sink,
    Source,
    Space,
    StoredDisk,
    Use,
    Work,
    never,
)


class Engine(Protocol):
    """Bytes and machines of one region."""

    # what there is
    def capabilities(self) -> Capabilities:
        """What it can do. The first to ask may wait some seconds until that is found out."""
        ...

    def free_space(self) -> Space | None:
        """None where nobody tells."""
        ...

    def inventory(self) -> Inventory:
        """All of it, which may take long: one thing is looked for with `find`."""
        ...

    def find(self, kind: Kind, id: UUID) -> tuple[str, ...]:
        """References of what this console made under an ID, the one to go on with first; none when there is nothing."""
        ...

    def sweep(self, token: str, *, keep_captures: bool = False) -> None:
        """Remove every temporary file whose name carries `token` (a prefix will do).

        What running guests copy for a `capture` is ended, unless `keep_captures`: the same capture goes on with it.
        """
        ...

    def discard(self, ids: Iterable[UUID], token: str, *, work: Work, server: UUID | None = None) -> None:
        """Remove what work whose token begins with `token` has left of the things `ids`, whole or not, as if it had never begun.

        `ids` are those of stored disks, disks and servers; system disks are looked for at `server`. A server
        goes with its system disk, its power is cut. What other work made stays, under the same ID too. May be
        called again. Raises Conflict (a server runs from one of the system disks).
        """
        ...

    def remove_stray(self, name: str) -> None:
        """Remove one of the `strays` of the inventory."""
        ...

    # stored disks of images: read-only once they exist
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
        """Store `source`, whose inspected format is `format`, as qcow2 (or the ISO itself, never encrypted).

        With a `key` what is stored is encrypted with it. No more than `limit_bytes` are written, if there is a limit.
        Raises BadImage, NoSpace, Unavailable, Conflict `beyond-limit`.
        """
        ...

    def copy(
        self, disk_id: UUID, ref: str, *, work: Work, key: Key | None = None, new_key: Key | None = None
    ) -> StoredDisk:
        """The stored disk `ref` written anew: `key` is what it is encrypted with, `new_key`, which is another or none, the copy.

        One more disk of the same bytes is none of an engine's business: it is one more row above.
        Raises NotFound, NoSpace, Unsupported (an ISO).
        """
        ...

    def capture(
        self, server: ServerSpec | None, disks: Mapping[UUID, DiskSpec], *, work: Work
    ) -> dict[UUID, StoredDisk]:
        """Store disks as they are at one instant: all of them or none. The keys are the new stored disks' IDs.

        `server` has the disks, running or not, and may go on writing and even power off; None: no server
        has them. What is stored stands alone. A capture that a killed worker began goes on when it is asked
        for again. Raises NotFound, NoSpace, Unavailable.
        """
        ...

    def capture_bytes(self, disks: Iterable[DiskSpec]) -> int:
        """What a `capture` of these disks takes in the store, at most. Raises NotFound."""
        ...

    def transfer(
        self, disk_id: UUID, source: Source, *, checksum: str, format: str, work: Work
    ) -> StoredDisk:
        """Store the bytes of a stored disk of another region as they are; `checksum` is what they must have.

        A raw one becomes qcow2, with a checksum of its own.
        What has come is kept when it raises, under `disk_id` and beyond `sweep`: the next call goes on
        there, `discard` forgets it. Raises BadImage `transfer-differs` (then nothing is kept),
        Unavailable `transfer-cut`, NoSpace, NotFound.
        """
        ...

    def open(self, ref: str, offset: int = 0) -> BinaryIO:
        """The stored file's bytes. Raises NotFound."""
        ...

    def verify(self, ref: str, checksum: str, *, work: Work) -> bool:
        """Whether the stored file still has that checksum. Raises NotFound."""
        ...

    def system_on(self, ref: str) -> Found:
        """Which system a stored disk holds, as far as that is told without a key: its `os_…`, CPU, cloud-init. Raises NotFound."""
        ...

    def resting_on(self, ref: str) -> frozenset[str]:
        """The system disks whose bytes are in part those of the stored disk, or that are installed from it: what befalls it
        befalls them. None where disks have bytes of their own. Raises NotFound.
        """
        ...

    def export(
        self,
        ref: str,
        sink: Sink,
        *,
        format: str,
        work: Work,
        key: Key | None = None,
        limit_bytes: int = 0,
    ) -> Exported:
        """Write the content of a stored disk to `sink` as qcow2, vmdk, vhd or raw, or its file as it is (`stored`).

        `key` is that of an encrypted disk; what is written as a format is not encrypted, and has no more than `limit_bytes`,
        if there is a limit. Raises NotFound, NoSpace, Unsupported (another format), Conflict `beyond-limit`. When it raises, what the sink has got is worth nothing.
        """
        ...

    def delete(self, ref: str, *, work: Work) -> None:
        """Remove a stored disk. Servers and work that use its bytes keep them."""
        ...

    # disks of servers
    def create_disk(
        self, disk_id: UUID, size_bytes: int, *, work: Work, image_ref: str = "", key: Key | None = None
    ) -> str:
        """A disk, blank or with the content of the stored disk `image_ref`; returns its reference.

        With a `key` it is encrypted with it, as the stored disk is then.
        Raises NotFound (the image's bytes are gone), Conflict (it is larger than `size_bytes`), NoSpace.
        """
        ...

    def grow_disk(
        self, disk: DiskSpec, size_bytes: int, *, work: Work, server: ServerSpec | None = None
    ) -> str:
        """Grow a disk, under its `server` also while that runs; returns its reference. One that is as large already stays as it is."""
        ...

    def delete_disk(self, ref: str, *, work: Work) -> None: ...

    # servers
    def create_server(self, server: ServerSpec, image_ref: str = "", *, work: Work) -> ServerSpec:
        """Build a server's folder and its system disk (`disks[0]`) on the stored disk `image_ref`.

        Without one the system disk is blank. The stored ISO `cd_ref` becomes the server's own: it stays
        in its CD drive when the image is deleted. Data disks (`disks[1:]`) exist already. Returns the
        spec with all references filled.
        Raises NotFound (the image's bytes are gone), NoSpace.
        """
        ...

    def switch_system_disk(
        self, server: ServerSpec, incoming: DiskSpec, image_ref: str = "", *, work: Work
    ) -> ServerSpec:
        """Make `incoming` the system disk of a stopped server: a new one on the stored disk `image_ref`, or one that is kept.

        The present one stays until it is deleted; the data disks are those of the spec from then on. An engine may have to
        delete the machine and make another: when that fails there is none, and its disks are kept. `find` says so, and the
        next call makes one, whatever `server.ref` says. Returns the spec, `incoming` first.
        Raises NotFound, NoSpace, Unavailable, Conflict `server-running`, `system-disk-too-small`.
        """
        ...

    def resize(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        """Give a stopped server the vCPUs and the memory of its spec, with which it starts from then on.

        It returns when that is final: an engine whose cloud asks for a confirmation gives it. Raises NotFound, Conflict
        `server-running`, Unsupported where `capabilities` say that nothing is resized.
        """
        ...

    def start(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        """Start it, or do nothing when it runs; the spec with all references as they are then.

        Raises Unsupported, Unavailable, NotFound.
        """
        ...

    def stop(self, ref: str, *, graceful_s: float, work: Work, is_forced: Asked = never) -> ServerState:
        """Ask the guest to power off; after `graceful_s` seconds, or once it `is_forced`, cut the power."""
        ...

    def reboot(
        self, server: ServerSpec, *, graceful_s: float, work: Work, is_forced: Asked = never
    ) -> ServerSpec:
        """Restart the guest's system, after `graceful_s` seconds, or once it `is_forced`, by force; as `start`."""
        ...

    def delete_server(self, ref: str, *, work: Work) -> None:
        """Cut the power, remove the machine and its system disk. Data disks, and system disks that are kept, are deleted one by one."""
        ...

    def states(self, refs: Iterable[str]) -> dict[str, ServerState]:
        """What these servers are doing, by reference, in one call. One of which that cannot be told now is left out.

        How long a console is may be told only of one that is asked about alone.
        """
        ...

    def uses(self, refs: Iterable[str], *, limit_s: float) -> dict[str, Use]:
        """What these servers have used, of those that run where it can be measured from here; the others are left out.

        Only what `capabilities` measure; what does not answer within `limit_s` seconds is not measured this time. Never raises.
        """
        ...

    def attach(self, server: ServerSpec, disk: DiskSpec, *, work: Work) -> str:
        """Attach a disk to a running server (a stopped one finds it when it starts); returns its reference."""
        ...

    def detach(self, server: ServerSpec, disk: DiskSpec, *, work: Work) -> None:
        """Detach a disk from a running server. Raises Conflict when the guest does not let go."""
        ...

    def mount_iso(self, server: ServerSpec, iso_ref: str, *, work: Work) -> str:
        """Put the stored ISO into the server's tray, running or not, in the place of what is there; returns its reference.

        It stays there when the image is deleted, and the server never boots from it. Raises NotFound, Unsupported (no ISO,
        or no trays here), Conflict `no-tray`, of a server that was started when there was none.
        """
        ...

    def eject_iso(self, server: ServerSpec, *, work: Work) -> None:
        """Empty the server's tray, whatever its guest does with what is there."""
        ...

    def screen(self, ref: str) -> bytes:
        """A PNG of what the screen shows. Raises Conflict when the server is not running."""
        ...

    def console_endpoint(self, ref: str) -> Endpoint:
        """Where its screen and keyboard are (VNC without a password).

        Whoever reaches it sees and types; only who this service runs as may. Each call may give another.
        Raises Conflict when the server is not running, NotFound.
        """
        ...

    def serial_endpoint(self, ref: str) -> Endpoint:
        """Where its serial console is, in both directions and for one at a time.

        What the guest writes is kept as its log all the same. Guarded and refused as `console_endpoint`; raises Conflict
        `no-serial-input` besides, of a server that was started when there was no such thing.
        """
        ...

    def console_log(self, ref: str, *, limit_bytes: int = 65536, joined: bool = False) -> str:
        """The end of what the guest wrote to its serial console, without terminal escapes.

        Who is connected to its `serial_endpoint` says `joined`: all the rest comes, or came, by that connection.
        """
        ...


@runtime_checkable
class Shared(Protocol):
    """What an engine says besides, whose place others use as well: a cloud."""

    def at(self, project: str) -> Engine:
        """The same engine with its machines and disks in another project of the same place, which it knows by that name.

        What is stored stays where it is: disks are made of it there, and captures of disks there are stored here. References
        of one are nothing to the other, but those of stored disks.
        """
        ...

    def public_images(self) -> tuple[PublicImage, ...]:
        """What the place itself offers to everyone, with a checksum or not yet."""
        ...

    def adopt(self, cloud_id: str) -> StoredDisk:
        """One of those, as a stored disk: no byte is copied, and `delete` leaves it. It may vanish any time.

        Raises NotFound (it is not there, or not public), Unsupported `adopt-format` (none of qcow2, raw, iso).
        """
        ...

    def foreign(self) -> tuple[Foreign, ...]:
        """What is where our things are and is not ours. It is never touched."""
        ...


class Held(Protocol):
    """Files of a region that stay for as long as they are held, whoever deletes them meanwhile. Names are below the region's root."""

    def take(self, kind: Kind, ref: str) -> tuple[str, ...]:
        """Hold all files of a stored disk, a disk or a server beside its disks; their names. Raises NotFound."""
        ...

    def path(self, name: str) -> Path:
        """Where the bytes of a held file are, which whoever reads them never changes."""
        ...

    def is_final(self, name: str) -> bool:
        """Whether its bytes never change."""
        ...

    def still(
        self,
        server: ServerSpec | None,
        disks: Sequence[DiskSpec],
        *,
        known: Mapping[str, int] | None = None,
        work: Work,
    ) -> bool:
        """Have the held files of these disks, which `server` has or none, as they are at one instant.

        Those in `known` stay as they are if they were written to last at that time, in nanoseconds: who asks has their bytes
        already. What is copied has the time of what it is of, as far as it can be told. False: somebody wrote to them each time it
        was tried, so they may be of several instants. Raises NoSpace, Unavailable.
        """
        ...


@runtime_checkable
class OnHost(Protocol):
    """What an engine says besides, whose bytes are files of this host: a backup of the console has them."""

    def holding(self) -> AbstractContextManager[Held]:
        """Hold files until the end, which comes with the process as well."""
        ...

    def put_back(self, name: str, source: Source, checksum: str, *, like: str = "", work: Work) -> None:
        """Make a file that was held, under the name it had; `like` is one put back before that has the same bytes, and no other
        names. Raises BadImage `transfer-differs`, NoSpace, Unsupported `no-such-place`: nothing that is held has that name.
        """
        ...
