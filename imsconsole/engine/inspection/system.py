"""Which system a disk holds, as far as it can be told without mounting anything: its `os-release` (R63).

Partitions and file systems are read by our own code from the disk that `qemu-img` shows, piece by piece and
within a budget. What cannot be read so is simply not known.
"""

import os
import re
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.disk import SECTOR, TYPE_PROTECTIVE, mbr_partitions
from imsconsole.engine.inspection.ext import Ext
from imsconsole.engine.inspection.files import FileSystem, Unreadable
from imsconsole.engine.inspection.finished import QEMU_NAMES, QemuImg, ask, temporary_file
from imsconsole.engine.inspection.view import Facts
from imsconsole.engine.inspection.xfs import Xfs
from imsconsole.engine.parts import named
from imsconsole.engine.types import MIB, Found

PAGE_BYTES = 64 * 1024
MOST_PAGES = 256
PATIENCE_S = 8.0
MOST_PARTITIONS = 32
RELEASES = ("usr/lib/os-release", "etc/os-release")
RELEASE_BYTES = 16 * 1024
CLOUD_INIT = "usr/bin/cloud-init"
SHELL = "bin/sh"  # a program that every system has
ELF = b"\x7fELF"
MACHINES = {b"\x03\0": "x86", b"\x3e\0": "x86", b"\xb7\0": "arm"}  # at the end of its first 20 bytes
EXTENDED = (0x05, 0x0F, 0x85)
LINE = re.compile(
    r"""([A-Z][A-Z0-9_]{0,39})=(?:"([^"\\]{0,200})"|'([^'\\]{0,200})'|([A-Za-z0-9._:/+-]{0,200}))\s*"""
)
WORD = re.compile(r"[a-zA-Z0-9._-]{1,40}")


@dataclass(frozen=True)
class System:
    """What `os-release` says: `id` debian, `version` 12, `name` Debian GNU/Linux 12 (bookworm); whether cloud-init was seen, and for which CPU it is."""

    id: str
    version: str
    name: str
    cloud_init: bool = False
    architecture: str = ""


class ReadDisk:
    """The bytes of a disk, a page at a time: `fetch` gives that of a number. Raises Unreadable beyond its budget."""

    def __init__(self, fetch: Callable[[int], bytes]) -> None:
        self._fetch = fetch
        self._pages: dict[int, bytes] = {}
        self._until = time.monotonic() + PATIENCE_S

    def read(self, offset: int, length: int) -> bytes:
        first, last = offset // PAGE_BYTES, (offset + length - 1) // PAGE_BYTES
        if (
            length > 2 * MIB or time.monotonic() > self._until
        ):  # asked each time: a tree may lead back to itself
            raise Unreadable
        content = b"".join(self._page(number) for number in range(first, last + 1))
        start = offset - first * PAGE_BYTES
        return content[start : start + length]

    def _page(self, number: int) -> bytes:
        if number not in self._pages:
            if len(self._pages) >= MOST_PAGES:
                raise Unreadable
            self._pages[number] = self._fetch(number)
        return self._pages[number]


def _page_of(path: Path, found: Found, run: QemuImg, number: int) -> bytes:
    """A page of the disk in a file of any format."""
    if number * PAGE_BYTES >= found.virtual_size_bytes:
        return b""
    if found.format == "raw":
        start = found.part.offset if found.part else 0
        length = min(PAGE_BYTES, found.virtual_size_bytes - number * PAGE_BYTES)
        with path.open("rb") as file:
            return os.pread(file.fileno(), length, start + number * PAGE_BYTES)
    format = QEMU_NAMES.get(found.format, found.format)
    name = named(str(path), format, found.part)
    size = [f"bs={PAGE_BYTES}", f"skip={number}", f"count={number + 1}"]  # what is skipped counts
    facts = Facts(found.format, found.virtual_size_bytes)
    with temporary_file() as target:
        files = [f"if={name}", f"of={target}"]
        ask(name, facts, run, "dd", "-f", format, "-O", "raw", *size, *files)
        with target.open("rb") as file:
            return file.read(PAGE_BYTES)


def find_system(path: Path, found: Found, *, run: QemuImg) -> System | None:
    """The system on the disk in an inspected file, or None. As `system_on`."""
    return system_on(ReadDisk(partial(_page_of, path, found, run)))


def system_on(disk: ReadDisk) -> System | None:
    """What is odd about the disk raises nothing: then the system is not known. Raises NoSpace, Unavailable."""
    try:
        starts = [0, *partitions(disk)]
    except (Unreadable, BadImage, struct.error, IndexError):
        starts = [0]
    for start in starts[:MOST_PARTITIONS]:
        try:
            if system := _system_at(disk, start):
                return system
        except (Unreadable, BadImage, struct.error, IndexError):
            continue
    return None


def with_system(path: Path, found: Found, *, run: QemuImg) -> Found:
    """What was found in a file, with the system on its disk as far as it is told. Raises as `find_system`."""
    return told_of(find_system(path, found, run=run), found)


def told_of(system: System | None, found: Found) -> Found:
    if system is None:
        return found
    return replace(
        found,
        os_id=system.id,
        os_version=system.version,
        os_name=system.name,
        cloud_init=system.cloud_init,
        architecture=system.architecture,
    )


def _system_at(disk: ReadDisk, start: int) -> System | None:
    files: FileSystem = (Xfs if disk.read(start, 4) == b"XFSB" else Ext)(disk.read, start)
    for name in RELEASES:
        try:
            system = parse_release(files.file(name, RELEASE_BYTES))
        except Unreadable:
            continue
        if system is None:
            return None
        shell, seen = _start(files, SHELL, 20), bool(_start(files, CLOUD_INIT, 1))
        architecture = MACHINES.get(shell[18:], "") if shell.startswith(ELF) else ""
        return replace(system, cloud_init=seen, architecture=architecture)
    return None


def _start(files: FileSystem, path: str, length: int) -> bytes:
    """The beginning of a file; nothing when it is not seen there: it may still be where nobody looked."""
    try:
        return files.file(path, length)
    except (Unreadable, BadImage, struct.error, IndexError):
        return b""


def parse_release(content: bytes) -> System | None:
    """The facts in an `os-release`; what is not written strictly as its manual says does not count."""
    facts: dict[str, str] = {}
    for line in content.decode("utf-8", errors="replace").splitlines():
        if match := LINE.fullmatch(line):
            facts[match[1]] = next((value for value in match.groups()[1:] if value is not None), "")
    id, version = facts.get("ID", ""), facts.get("VERSION_ID", "")
    if not WORD.fullmatch(id) or (version and not WORD.fullmatch(version)):
        return None
    name = facts.get("PRETTY_NAME") or facts.get("NAME", "")
    return System(id.lower(), version, name if name.isprintable() else "")


def partitions(disk: ReadDisk) -> Iterator[int]:
    """Where partitions begin, in bytes: those of a GPT, or of an MBR with its logical ones."""
    head = disk.read(0, SECTOR)
    if len(head) < SECTOR or head[510:512] != b"\x55\xaa":
        return
    entries = mbr_partitions(head)
    if any(entry.type == TYPE_PROTECTIVE for entry in entries):
        yield from _gpt(disk)
        return
    for entry in entries:
        if entry.type in EXTENDED:
            yield from _logical(disk, entry.first)
        else:
            yield entry.first * SECTOR


def _gpt(disk: ReadDisk) -> Iterator[int]:
    for sector in (SECTOR, 4096):
        header = disk.read(sector, 92)
        if not header.startswith(b"EFI PART"):
            continue
        first_entry, count, entry_bytes = struct.unpack_from("<72xQII", header)
        if not 128 <= entry_bytes <= 4096:
            return
        entries = disk.read(first_entry * sector, min(count, 128) * entry_bytes)
        for start in range(0, len(entries) - 47, entry_bytes):
            kind, first = struct.unpack_from("<16s16xQ", entries, start)
            if any(kind):
                yield first * sector
        return


def _logical(disk: ReadDisk, base: int) -> Iterator[int]:
    """The chain of an extended partition; a circle ends with the count."""
    at = base
    for _number in range(MOST_PARTITIONS):
        head = disk.read(at * SECTOR, SECTOR)
        if len(head) < SECTOR or head[510:512] != b"\x55\xaa":
            return
        following = 0
        for entry in mbr_partitions(head):
            if entry.type in EXTENDED:
                following = base + entry.first
            else:
                yield (at + entry.first) * SECTOR
        if not following:
            return
        at = following
