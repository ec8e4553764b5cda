"""Plain values that cross the boundary. Sizes are bytes unless the name says otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from uuid import UUID, uuid4

from imsconsole.engine.refs import CLOUD_REF

GIB = 1024**3
MIB = 1024**2
SERIAL_LENGTH = 20  # of VirtIO, in bytes
Asked = Callable[[], bool]  # asked again and again while a verb waits; it may take some milliseconds


def never() -> bool:
    return False


class Source(Protocol):
    """Bytes that can be read from any offset."""

    @property
    def size_bytes(self) -> int: ...

    def open(self, offset: int = 0) -> BinaryIO: ...


@dataclass(frozen=True)
class Part:
    """Where in an archive a file lies; `checksum` is what the archive says of it: "sha256:…", or nothing."""

    name: str
    offset: int
    size_bytes: int
    checksum: str = ""


class PartReader(RawIOBase):
    """The bytes of a part alone, from `offset` in it on."""

    def __init__(self, path: Path, part: Part, offset: int = 0) -> None:
        super().__init__()
        self._stream = path.open("rb")
        self._stream.seek(part.offset + offset)
        self._left = max(0, part.size_bytes - offset)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


@dataclass(frozen=True)
class FileSource:
    """A source that is a file here, or a part of one; a local engine reads it in place, or keeps it as it is.

    Of one that nobody writes to any more `sha256` may be known: then it need not be read to be kept.
    """

    path: Path
    sha256: str = ""
    part: Part | None = None

    @property
    def size_bytes(self) -> int:
        return self.part.size_bytes if self.part else self.path.stat().st_size

    def open(self, offset: int = 0) -> BinaryIO:
        if self.part:
            return BufferedReader(PartReader(self.path, self.part, offset))
        stream = self.path.open("rb")
        stream.seek(offset)
        return stream


class Sink(Protocol):
    """A place for the bytes of one file, which is not there yet."""

    def open(self) -> BinaryIO:
        """Take bytes from the beginning. Opened again it begins anew."""
        ...


@dataclass(frozen=True)
class FileSink:
    """A sink that is a file here; a local engine puts its own file there without copying it."""

    path: Path

    def open(self) -> BinaryIO:
        self.path.unlink(missing_ok=True)
        return self.path.open("xb")


class Work(Protocol):
    """The piece of work a long verb is part of.

    `token` is unique to this attempt of this step (letters, digits, '-') and is part of every
    temporary name. `report` tells progress in bytes; with none done that it is alive, and no more is known.
    Both methods raise when the work was cancelled or taken over by somebody else; a verb calls `hold` right
    before and right after it makes something final, and removes what it made when the second call raises.
    """

    @property
    def token(self) -> str: ...

    def report(self, done: int, total: int) -> None: ...

    def hold(self) -> None: ...


class Unwatched:
    """Work that is no job's: of a command, which goes on until it ends."""

    def __init__(self) -> None:
        self.token = f"unwatched-{uuid4().hex}"

    def report(self, done: int, total: int) -> None:
        pass

    def hold(self) -> None:
        pass


@dataclass(frozen=True)
class StoredDisk:
    """A disk in the store, read-only. `checksum` is that of the stored file, "sha256:…" or "sha512:…"."""

    ref: str
    format: str  # qcow2 or iso; of what a cloud lends also raw
    size_bytes: int
    virtual_size_bytes: int
    checksum: str


@dataclass(frozen=True)
class Exported:
    """A file that left the store: what has come out of the sink's other end."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Machine:
    """What an archive of a virtual machine says of it; zero or empty where it says nothing."""

    name: str = ""
    vcpus: int = 0
    memory_mb: int = 0
    boot_mode: str = ""
    os_id: str = ""  # as of `Found`, guessed from what the system is called
    os_version: str = ""
    os_name: str = ""


@dataclass(frozen=True)
class Found:
    """What an image file really is (see `inspection`). `warnings` are codes of sentences."""

    format: str  # raw, qcow, qcow2, vmdk, vhd, vhdx, vdi, iso, ova
    virtual_size_bytes: int
    size_bytes: int
    sha256: str = ""
    partition_table: str = ""  # mbr, gpt or empty
    boot_modes: tuple[str, ...] = ()  # bios, uefi: what the disk seems to boot, empty when unknown
    variant: str = ""  # monolithicSparse, streamOptimized, dynamic, fixed, hybrid
    warnings: tuple[str, ...] = ()
    # of the system on it, as its os-release says; empty when that could not be told
    os_id: str = ""
    os_version: str = ""
    os_name: str = ""
    cloud_init: bool = False  # seen on it; else nothing is known
    needed_bytes: int = 0  # what it takes in the store, at most; 0 as long as that was not measured
    architecture: str = ""  # x86 or arm, of the system on it; empty when that could not be told
    disks: tuple["Found", ...] = ()  # of an archive, that of the system first
    machine: Machine | None = None  # of a disk in an archive
    part: Part | None = None


@dataclass(frozen=True)
class Key:
    """An encryption key. An engine may use only the ID."""

    id: UUID
    material: Callable[[], bytes] = field(repr=False)


class Power(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    MISSING = "missing"


@dataclass(frozen=True)
class Address:
    """Where something of a guest is reached."""

    host: str
    port: int


@dataclass(frozen=True)
class ConsoleMark:
    """How long the log of a serial console was. Another `start` is another log: an engine may begin it anew at each start."""

    start: str = ""  # at most 64 characters
    offset: int = 0

    def since(self, before: "ConsoleMark") -> int:
        """How many bytes of the log came after `before`; all that there are, when it was cut meanwhile."""
        goes_on = self.start == before.start and self.offset >= before.offset
        return self.offset - before.offset if goes_on else self.offset


@dataclass(frozen=True)
class UnixSocket:
    """On this host, in a folder that only who the service runs as can reach."""

    path: Path


@dataclass(frozen=True)
class WebSocket:
    """Somewhere, its bytes as messages. Whoever reads the address comes in, until it expires."""

    url: str = field(repr=False)
    subprotocol: str = ""
    expires_at: datetime | None = None


Endpoint = UnixSocket | WebSocket


@dataclass(frozen=True)
class ServerState:
    """What a server is doing now. `reason` is a code (guest-shutdown, killed, host-rebooted …)."""

    power: Power
    reason: str = ""
    since: datetime | None = None
    ssh: Address | None = None  # of the guest's port 22, from the service's host
    pid: int | None = None
    console: ConsoleMark = ConsoleMark()


@dataclass(frozen=True)
class Use:
    """What a running server has used since its start; what is not measured is None.

    `start` tells one start from the next, at which all counters begin anew. They were read when the server had run for
    `run_s` seconds. `memory_bytes` is no counter: what its host holds for the guest now.
    """

    start: str  # at most 64 characters
    run_s: float
    cpu_s: float | None = None  # of all its vCPUs together
    memory_bytes: int | None = None
    read_bytes: int | None = None  # from its disks
    written_bytes: int | None = None
    received_bytes: int | None = None  # from its network
    sent_bytes: int | None = None


@dataclass(frozen=True)
class DiskSpec:
    """A disk as attached to a server. `index` 0 is the system disk."""

    id: UUID
    ref: str
    index: int
    size_bytes: int
    key: Key | None = field(default=None, compare=False)  # of a system disk also its base's

    @property
    def serial(self) -> str:
        """What its guest reads as its serial number, of which VirtIO has room for the beginning.

        It is our ID on a host of ours; a cloud gives it the ID that it knows the disk by.
        """
        found = CLOUD_REF.fullmatch(self.ref)
        return (found[2] if found else self.id.hex)[:SERIAL_LENGTH]


@dataclass(frozen=True)
class Seed:
    """What the guest's cloud-init reads (NoCloud). The password is a crypt(3) hash."""

    instance_id: str
    hostname: str
    ssh_keys: tuple[str, ...] = ()
    password_hash: str = ""
    user: str = "root"
    user_data: bytes = b""


@dataclass(frozen=True)
class ServerSpec:
    """All an engine must know to build or start a server.

    `cd_ref` is the CD in its drive, from which it boots as long as its system disk does not: at first
    a stored ISO, then what `create_server` returned for it. `iso_ref` is what is in its tray, from which it never boots: what
    `mount_iso` returned. `mac` and `private_ip` are wishes until the machine is made: its engine says what they are. So is the
    place: `zone` (a code) and `flavor` are names, for an engine that knows them; the numbers hold in any case.
    """

    id: UUID
    name: str
    vcpus: int
    memory_mb: int
    architecture: str  # x86 or arm
    boot_mode: str  # bios or uefi
    mac: str
    private_ip: str
    seed: Seed
    ref: str = ""
    disks: tuple[DiskSpec, ...] = ()
    multi_queue: bool = False
    cd_ref: str = ""
    iso_ref: str = ""
    secure_boot: bool = False  # its firmware starts only what is signed; by UEFI
    tpm: bool = False  # 2.0; by UEFI. What it keeps belongs to the system disk
    zone: str = ""
    flavor: str = ""


@dataclass(frozen=True)
class Capabilities:
    """What this engine can do, and why not. Asked by rules, so a button knows before the click.

    By itself it can do nothing. What is refused without one of these raises Unsupported; the others only change what people
    are told, and what an engine promises.
    """

    formats: frozenset[str] = frozenset()  # that are stored, and written
    architectures: frozenset[str] = frozenset()
    boot_modes: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()  # gpu, npu, encoder
    bare_metal: bool = False
    encryption: bool = False
    screen: bool = False  # a picture of it, and a way to work at it
    serial: bool = False  # a serial console can be typed at; its log is there all the same
    resize: bool = False
    tray: bool = False  # ISOs for running systems
    secure_boot: frozenset[str] = frozenset()  # architectures of servers that can have it
    tpm: frozenset[str] = frozenset()  # the same
    grow_in_use: bool = False  # disks that a server has, running or stopped
    seeds: frozenset[str] = frozenset()  # how a guest is told who may sign in: nocloud
    instant_copy: bool = False  # a system disk of an image is there at once, whatever its size
    resumable_transfer: bool = False  # what has come from another region is kept when it is cut
    byte_progress: bool = False  # work is told how many bytes are done, not only that it is alive
    stop_grace: bool = False  # a guest may take as long to power off as it is given
    measures: frozenset[str] = frozenset()  # of what servers use: cpu, memory, disk, network
    sizes: frozenset[str] = frozenset()  # of servers, where not any can be had: "2x4096" (vCPUs and MB)
    flavors: frozenset[str] = frozenset()  # those of ours besides that lead to a size by hand
    # kvm, tcg, cloud (its affair), or empty: no servers can be started
    accelerator: str = ""
    missing: tuple[str, ...] = ()  # names of missing packages
    memory_mb: int = 0  # what all running guests together may use; 0 where that is not known
    isolated: bool = False  # each guest and each conversion is a user of its own


@dataclass(frozen=True)
class Space:
    free_bytes: int
    total_bytes: int


class Kind(StrEnum):
    """What there is under an ID: a stored disk, a disk of servers (system disks too), a server."""

    STORED = "stored"
    DISK = "disk"
    SERVER = "server"


@dataclass(frozen=True)
class Mark:
    """By what an engine knows that this console made a thing: as which ID, and the token of the work, where that is kept."""

    id: UUID
    token: str = ""


@dataclass(frozen=True)
class Inventory:
    """What of ours exists on an engine: references by kind.

    Only what has one of the `marks`, by reference, may be taken for something that we made and lost sight of. `scraps` are
    temporary files that no short call of a living process holds, by token; `strays` lie where the engine keeps things and are
    nothing it makes: an engine whose place others use as well has none.
    """

    stored: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    disks: frozenset[str] = frozenset()
    scraps: frozenset[str] = frozenset()
    strays: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()  # servers
    marks: Mapping[str, Mark] = field(default_factory=dict)


@dataclass(frozen=True)
class PublicImage:
    """One that the cloud itself offers to everyone, as it says; empty or zero where it says nothing."""

    cloud_id: str
    name: str
    format: str  # qcow2, raw, iso …: one of qcow2 and iso can be adopted
    size_bytes: int
    virtual_size_bytes: int = 0
    min_disk_gb: int = 0
    min_memory_mb: int = 0
    checksum: str = ""  # as of `StoredDisk`
    owner: str = ""  # the cloud's ID of a project
    architecture: str = ""  # x86 or arm
    boot_mode: str = ""  # bios or uefi
    os_id: str = ""  # as of `Found`
    os_version: str = ""


@dataclass(frozen=True)
class Foreign:
    """A thing in our place that this console did not make. `kind`: image, volume, snapshot, backup, server, port …"""

    kind: str
    cloud_id: str
    name: str = ""
    since: datetime | None = None
