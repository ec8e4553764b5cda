"""Small things to feed an engine: work, images, specs."""

import hashlib
import os
import re
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from uuid import uuid4

from pycdlib import PyCdlib

from imsconsole.engine.api import Engine
from imsconsole.engine.local.probe import boot_sector as tiny_boot_sector
from imsconsole.engine.types import (
    GIB,
    MIB,
    ConsoleMark,
    DiskSpec,
    FileSource,
    Seed,
    ServerSpec,
    ServerState,
    StoredDisk,
)

__all__ = [
    "Stopped",
    "TestWork",
    "answering_disk",
    "counters",
    "counting_disk",
    "heeding_disk",
    "server_spec",
    "state_of",
    "stored_image",
    "tiny_boot_sector",
    "tiny_cd",
    "tiny_disk",
    "tiny_uefi_cd",
    "tiny_uefi_disk",
    "wait_for",
]

TABLE = 446  # where in a boot sector the table of partitions begins
NOTHING_WRITTEN = ConsoleMark()
WAIT_LIMIT_S = 120  # a guest that never says it; not a measure of anything


class Stopped(Exception):
    """What a work's methods raise when it was cancelled or taken over."""


@dataclass
class TestWork:
    """A piece of work that notes what it is told, and can be ended at any of it."""

    __test__ = False

    token: str = field(default_factory=lambda: f"t{uuid4().hex}")
    reports: list[tuple[int, int]] = field(default_factory=list)
    holds: int = 0
    on_report: Callable[[], None] = lambda: None
    on_hold: Callable[[int], None] = lambda number: None

    def report(self, done: int, total: int) -> None:
        self.reports.append((done, total))
        self.on_report()

    def hold(self) -> None:
        self.holds += 1
        self.on_hold(self.holds)


def state_of(engine: Engine, server: ServerSpec | str) -> ServerState:
    """What a server, or the one of that reference, is doing."""
    ref = server if isinstance(server, str) else server.ref
    return engine.states([ref])[ref]


def stop() -> None:
    raise Stopped


def stop_at(number: int) -> Callable[[int], None]:
    def on_hold(now: int) -> None:
        if now == number:
            raise Stopped

    return on_hold


ENDLESS = b"\xf4\xeb\xfd"  # halt; jump back
OFTEN, SELDOM = 50, 19  # a second: the more often it writes, the more a guest costs
SAYS = b"COUNTING\r\n\0"
WRITES = bytes.fromhex("b80043 cd13 c3")  # ax = 4300h; int 13h; ret
COUNTED = (
    2048,
    6144,
    2048,
)  # sectors of a counting guest's counters: two of its system disk, one of its data disk


def partitioned(sector: bytes, size_bytes: int) -> bytes:
    """The boot sector of a disk so large, with a table of one partition: clouds take no disk that boots and has none."""
    assert not any(sector[TABLE:510]), "the code is too long"
    entry = struct.pack("<B3sB3sII", 0x80, b"", 0xDA, b"", 1, size_bytes // 512 - 1)
    return sector[:TABLE] + entry.ljust(64, b"\0") + sector[510:]


def counting_disk(path: Path, *, size_bytes: int = 4 * MIB, hertz: int = OFTEN) -> Path:
    """A raw disk that says COUNTING, then counts so often a second: each number goes first to two places of the disk,
    then to one of the data disk, if there is one. The rest is noise.
    """
    noise = bytearray(os.urandom(size_bytes))
    noise[:512] = partitioned(_counting_sector(hertz), size_bytes)
    for sector in COUNTED:
        noise[sector * 512 : (sector + 1) * 512] = bytes(512)
    path.write_bytes(noise)
    return path


def answering_disk(path: Path) -> Path:
    """A raw disk that says HAL on the serial port, then answers each byte it is sent there with the one that follows it."""
    return _saying_disk(
        path, "bafd03 ec a801 74fb baf803 ec fec0 ee ebef", "HAL"
    )  # wait for a byte; in; inc al; out; again


def heeding_disk(path: Path) -> Path:
    """A raw disk that says HEEDING, then OFF and powers off once its power button is pressed; a press before that it misses."""
    heeds = (
        "ba0206 b80001 ef ba0006 ed f6c401 74fa"  # PM1's enable: the button; its status, until it was pressed
    )
    says = "baf803 b04f ee b046 ee b046 ee"
    return _saying_disk(path, f"{heeds} {says} ba0406 b80020 ef", "HEEDING")


def _saying_disk(path: Path, then: str, text: str) -> Path:
    """A raw disk that says `text` on the serial port and goes on with `then`, code in hex."""
    code = bytes.fromhex(
        f"fa 31c0 8ed8 be0000 baf803 ac 84c0 7403 ee ebf8 {then}"
    )  # as tiny_boot_sector does
    code = code.replace(b"\xbe\0\0", b"\xbe" + (0x7C00 + len(code)).to_bytes(2, "little"))
    sector = (code + text.encode() + b"\r\n\0").ljust(510, b"\0") + b"\x55\xaa"
    path.write_bytes(partitioned(sector, 4 * MIB) + os.urandom(4 * MIB - 512))
    return path


def marking_disk(path: Path, marker: bytes) -> Path:
    """A raw disk that has `marker` and says COUNTING before it writes it to its disks, at the sectors of a counting one.

    It does not say the marker. Having written it once it halts.
    """
    counting_disk(path)
    sector = bytearray(
        _counting_sector().replace(bytes.fromhex("0100 0080 0000"), bytes.fromhex("0100 007c 0000"))
    )
    assert not any(sector[TABLE - len(marker) - 1 : TABLE])
    sector[TABLE - len(marker) : TABLE] = marker
    again, halts = sector.index(WRITES) - 2, sector.index(SAYS) + len(SAYS)
    sector[again + 1] = halts - again - 2  # where it would jump back
    sector[halts : halts + len(ENDLESS)] = ENDLESS
    with path.open("r+b") as disk:
        disk.write(partitioned(sector, path.stat().st_size))
    return path


def _counting_sector(hertz: int = OFTEN) -> bytes:
    """By the BIOS's extended write (INT 13h, 43h); the number is kept at 0x8000."""
    says = bytes.fromhex("baf803 be0000 ac 84c0 7403 ee ebf8")  # to the serial port, as tiny_boot_sector does
    low, high = (1193182 // hertz).to_bytes(2, "little")  # of the timer, to each tick of which it counts
    ticks = bytes((0xB0, 0x34, 0xE6, 0x43, 0xB0, low, 0xE6, 0x40, 0xB0, high, 0xE6, 0x40))
    head = bytes.fromhex("31c0 8ed8 8ed0 bc007c") + says + ticks + b"\xfb"  # ds, ss, sp; sti
    counts = bytes.fromhex("f4 66ff060080")  # hlt; inc dword [0x8000]
    calls = [bytes.fromhex("be0000 b280"), bytes.fromhex("be0000 b280"), bytes.fromhex("be0000 b281")]
    body_length = len(counts) + 3 * 8 + 2
    place = 0x7C00 + len(head) + body_length  # of `writes`, then of the addresses, then of the text
    body, at = counts, 0x7C00 + len(head) + len(counts)
    for number, call in enumerate(calls):
        packet = (place + len(WRITES) + 16 * number).to_bytes(2, "little")
        at += 8
        body += call.replace(b"\0\0", packet) + b"\xe8" + (place - at).to_bytes(2, "little")
    body += b"\xeb" + (-body_length).to_bytes(1, "little", signed=True)
    packets = b"".join(
        bytes.fromhex("1000 0100 0080 0000") + sector.to_bytes(8, "little") for sector in COUNTED
    )
    text = (place + len(WRITES) + len(packets)).to_bytes(2, "little")
    head = head.replace(bytes.fromhex("be0000"), b"\xbe" + text, 1)
    return (head + body + WRITES + packets + SAYS).ljust(510, b"\0") + b"\x55\xaa"


def counters(disk: Path, *sectors: int) -> list[int]:
    """What a counting guest wrote at these sectors of a qcow2 file, also while it writes."""
    read = [f"read -v {sector * 512} 4" for sector in sectors]
    command = [
        "qemu-io",
        "-r",
        "-U",
        "-f",
        "qcow2",
        *(word for each in read for word in ("-c", each)),
        str(disk),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^[0-9a-f]{8}:  ((?:[0-9a-f]{2} ){4})", shown, re.MULTILINE)
    return [int.from_bytes(bytes.fromhex(each), "little") for each in found]


def dead_disk(path: Path, *, size_bytes: int = 4 * MIB) -> Path:
    """A raw disk whose boot sector is marked as one and holds no code: firmware tries it and nothing comes."""
    sector = ENDLESS + bytes(507) + b"\x55\xaa"
    path.write_bytes(partitioned(sector, size_bytes) + bytes(size_bytes - 512))
    return path


def tiny_disk(path: Path, text: str = "TINY GUEST", *, end: str = "halt", size_bytes: int = 4 * MIB) -> Path:
    """A raw disk that says `text` on the serial port; the rest is noise."""
    sector = partitioned(tiny_boot_sector(f"{text}\r\n", end=end), size_bytes)
    path.write_bytes(sector + os.urandom(size_bytes - 512))
    return path


def tiny_uefi_disk(path: Path, text: str = "TINY GUEST", *, ends: bool = False) -> Path:
    """A raw disk with an EFI system partition whose loader says `text` on the firmware's console and halts, or ends."""
    folder, part = path.parent, f"{path.name}@@{MIB}"
    with path.open("xb") as disk:
        disk.truncate(4 * MIB)
    (folder / "BOOTX64.EFI").write_bytes(_efi_loader(f"{text}\r\n", ends=ends))
    for command in (
        f"sfdisk -q --no-tell-kernel {path.name}",
        f"mformat -i {part} -T {2 * MIB // 512} -h 16 -s 63 ::",
        f"mmd -i {part} ::EFI ::EFI/BOOT",
        f"mcopy -i {part} BOOTX64.EFI ::EFI/BOOT/BOOTX64.EFI",
    ):
        subprocess.run(
            command.split(), cwd=folder, input="label: gpt\nstart=2048, type=U\n", text=True, check=True
        )
    return path


def _efi_loader(text: str, *, ends: bool = False) -> bytes:
    """A program of UEFI's in one section of PE32+: it has the firmware's console put `text` out and halts, with no interrupts.

    Or it ends as one that has found nothing to start.
    """
    says = bytes.fromhex("4883ec28 488b4a40 488d1512000000 ff5108")
    says += (
        bytes.fromhex("4883c428 48b80e00000000000080 c3") if ends else (b"\xfa" + ENDLESS).ljust(15, b"\x90")
    )
    section = (says + f"{text}\0".encode("utf-16-le") + text.encode()).ljust(512, b"\0")  # to be found, too
    stub = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    file = struct.pack("<4s2H3I2H", b"PE\0\0", 0x8664, 1, 0, 0, 0, 112, 0x22)
    # from 4096 on 512 bytes of code, which begin to run there; an application of the firmware (10), without directories
    sizes = struct.pack("<2H5I", 0x20B, 0, len(section), 0, 0, 4096, 4096)
    image = struct.pack("<Q2I6H4I2H4Q2I", 0, 4096, 512, *[0] * 7, 8192, 512, 0, 10, *[0] * 7)
    entry = struct.pack("<8s6I2HI", b".text", len(section), 4096, len(section), 512, 0, 0, 0, 0, 0x60000020)
    return (stub + file + sizes + image + entry).ljust(512, b"\0") + section


def tiny_uefi_cd(path: Path, text: str = "TINY GUEST", *, ends: bool = False) -> Path:
    """An ISO that boots by UEFI: the system partition of `tiny_uefi_disk` is what its catalogue names."""
    disk = tiny_uefi_disk(path.with_suffix(".disk"), text, ends=ends).read_bytes()
    return bootable_cd(path, disk[MIB : 3 * MIB], platform_id=0xEF)


def tiny_cd(path: Path, text: str = "TINY GUEST") -> Path:
    """An ISO that boots by BIOS and says `text` on the serial port."""
    return bootable_cd(path, tiny_boot_sector(f"{text}\r\n", end="halt"))


def installing_cd(path: Path, word: str) -> Path:
    """An ISO that, started by BIOS, writes a system to the first disk that says `word` on the serial port, and says INSTALLED."""
    system = partitioned(tiny_boot_sector(f"{word}\r\n", end="halt"), GIB)
    start, packet = 0x7C00 + 64, 0x7C00 + 512 - 16  # the table that `bootable_cd` writes lies before the code
    writes = bytes.fromhex("31c0 8ed8 8ed0 bc007c fb be") + packet.to_bytes(2, "little")
    writes += bytes.fromhex("b80043 b280 cd13 baf803 be") + b"\0\0"  # ax = 4300h, dl = 80h, int 13h
    says = bytes.fromhex("ac 84c0 7403 ee ebf8 f4ebfd")  # as tiny_boot_sector does, then halts
    text = (start + len(writes) + len(says)).to_bytes(2, "little")
    code = b"\xeb\x3e".ljust(64, b"\0") + writes[:-2] + text + says + b"INSTALLED\r\n\0"
    target = bytes.fromhex("1000 0100 007e 0000") + bytes(8)  # one sector, from 0x7E00, to the first
    return bootable_cd(path, code.ljust(496, b"\0") + target + system.ljust(1536, b"\0"))


def bootable_cd(path: Path, loader: bytes, *, platform_id: int = 0, **files: bytes) -> Path:
    """An ISO whose `loader` the firmware of that platform (BIOS) starts; `files` by their (short) names beside it."""
    iso = PyCdlib()
    iso.new(interchange_level=3)
    for name, content in {"loader": loader, **files}.items():
        iso.add_fp(BytesIO(content), len(content), f"/{name.upper()}{'' if '.' in name else '.'};1")
    options = {"platform_id": platform_id, "boot_load_size": -(-len(loader) // 512)}
    if not platform_id:  # BIOS reads the beginning, which finds the rest by the table
        options |= {"boot_load_size": 4, "boot_info_table": len(loader) > 512}
    iso.add_eltorito("/LOADER.;1", bootcatfile="/BOOT.CAT;1", **options)
    iso.write(str(path))
    iso.close()
    return path


def stored_image(engine: Engine, path: Path, text: str = "TINY GUEST", *, end: str = "halt") -> StoredDisk:
    disk = tiny_disk(path / f"{uuid4().hex}.raw", text, end=end)
    return engine.ingest(uuid4(), FileSource(disk), format="raw", work=TestWork())


def server_spec(**changes: object) -> ServerSpec:
    disks = (DiskSpec(uuid4(), "", 0, GIB),)
    seed = Seed(instance_id="i-test", hostname="test-host")
    spec = ServerSpec(
        uuid4(), "test", 1, 64, "x86", "bios", "fa:16:3e:00:00:01", "192.168.7.21", seed, disks=disks
    )
    return replace(spec, **changes)


def wait_for(
    engine: Engine, ref: str, word: str, *, times: int = 1, after: ConsoleMark = NOTHING_WRITTEN
) -> str:
    """The console log once it has `word` in it so many times; `after`: only what came since it was so long."""
    deadline = time.monotonic() + WAIT_LIMIT_S

    def said() -> str:
        written = engine.states([ref])[ref].console.since(after)
        return engine.console_log(ref, limit_bytes=min(written, 65536)) if written else ""

    while (log := said()).count(word) < times:
        assert time.monotonic() < deadline, f"no {word!r} in: {log}"
        time.sleep(0.05)
    return log


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_LIMIT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_checksum_of(checksum: str, content: bytes) -> bool:
    algorithm, _colon, digits = checksum.partition(":")
    return hashlib.new(algorithm, content).hexdigest() == digits


def used_bytes(folder: Path) -> int:
    """What the files of a folder take on the disk, a file of several names once."""
    inodes = {found.st_ino: found.st_blocks * 512 for path in folder.rglob("*") if (found := path.lstat())}
    return sum(inodes.values())
