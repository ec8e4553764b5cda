"""Inspection of the finished file: our own checks on every byte they need, then qemu-img under limits."""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from imsconsole.core.errors import BadImage, NoSpace, Unavailable
from imsconsole.core.full_disk import met_full_disk, raises_no_space
from imsconsole.engine.inspection.disk import SECTOR, read_table
from imsconsole.engine.inspection.examine import check_size, examine
from imsconsole.engine.inspection.library import PIECE_BYTES, Library
from imsconsole.engine.inspection.ova import read_archive
from imsconsole.engine.inspection.view import HEAD_BYTES, TAIL_BYTES, Facts, View
from imsconsole.engine.parts import file_of, named
from imsconsole.engine.types import MIB, Found, Part

# arguments after `qemu-img` -> return code, stdout, stderr; runs it under limits of memory, CPU and time.
# A code below 0 is the signal of a limit, or a fault of its own; it raises Unavailable when somebody killed it.
QemuImg = Callable[[Sequence[str]], tuple[int, str, str]]
QEMU_NAMES = {"vhd": "vpc", "iso": "raw"}
PLAIN = ("raw", "iso")
LIMITS_REACHED = ("Cannot allocate memory", "unable to allocate")
OUR_FAULT = ("Permission denied", "Failed to get", "Resource temporarily", "setpriv: ", "prlimit: ")
CHECK_LEAKS, CHECK_UNSUPPORTED = 3, 63


def inspect_file(
    path: Path, *, limit_virtual_bytes: int, run: QemuImg, claimed: str = "", part: Part | None = None
) -> Found:
    """What the file at the absolute `path` is, or a `part` of it; its `sha256` stays empty (`Inspector` made it).

    Of an archive all its `disks` are told. Raises BadImage, NoSpace, Unavailable (of `run`).
    """
    with file_view(path, part) as view:
        facts = examine(view, limit_virtual_bytes, claimed)
        check_library(view, facts)
        size_bytes = view.size_bytes or 0
        archive = read_archive(view) if facts.format == "ova" else None
    if part and facts.format in ("iso", "ova"):
        raise BadImage("not-an-image", found=facts.format)
    if archive:
        disks = [
            inspect_file(path, limit_virtual_bytes=limit_virtual_bytes, run=run, part=each)
            for each in archive.disks
        ]
        disks.sort(key=lambda disk: not disk.boot_modes)  # that of the system first
        told = tuple(replace(disk, machine=archive.description.machine) for disk in disks)
        return Found(size_bytes=size_bytes, disks=told, **vars(facts))
    qemu_name = QEMU_NAMES.get(facts.format, facts.format)
    file = named(str(path), qemu_name, part)
    facts = check_info(file, qemu_name, facts, run, limit_virtual_bytes)
    facts = check_consistency(file, qemu_name, facts, run)
    if facts.format not in PLAIN:
        facts = look_inside(file, qemu_name, facts, run)
    needed_bytes = size_bytes if facts.format == "iso" else measure(file, qemu_name, facts, run)
    return Found(size_bytes=size_bytes, needed_bytes=needed_bytes, part=part, **vars(facts))


@contextlib.contextmanager
def file_view(path: Path, part: Part | None = None) -> Iterator[View]:
    """A view that reaches every byte of the file, or of a part of it."""
    with path.open("rb") as stream:
        handle = stream.fileno()
        start = part.offset if part else 0
        size = part.size_bytes if part else os.fstat(handle).st_size

        def read(at: int, length: int) -> bytes:
            return os.pread(handle, max(0, min(length, size - at)), start + at)

        yield View(read(0, HEAD_BYTES), size, read(max(0, size - TAIL_BYTES), TAIL_BYTES), read)


@contextlib.contextmanager
def temporary_file() -> Iterator[Path]:
    """A name for a small file that is gone afterwards. Raises NoSpace."""
    with raises_no_space(), tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "file")


def check_library(view: View, facts: Facts) -> None:
    library = Library()
    for start in range(0, len(view.head), PIECE_BYTES):
        library.feed(view.head[start : start + PIECE_BYTES])
    library.check(facts, partly=True)


def ask(file: str, facts: Facts, run: QemuImg, *args: str) -> tuple[int, str]:
    """Return code and output of qemu-img. Raises BadImage; NoSpace, Unavailable when the fault is ours."""
    code, out, error = run(args)
    if met_full_disk(code, error):
        raise NoSpace
    if code > CHECK_UNSUPPORTED or any(words in error for words in OUR_FAULT):
        raise Unavailable("qemu-img-failed", detail=last_line(error, file))
    if code < 0 or any(words in error for words in LIMITS_REACHED):
        raise BadImage("too-complex", format=facts.format)
    if code == 1:
        raise BadImage("corrupt", format=facts.format, detail=last_line(error, file))
    return code, out


def last_line(error: str, file: str) -> str:
    """The last line qemu-img said, without our own file names."""
    lines = error.strip().splitlines() or [""]
    said = re.sub(r"json:\{.*\}", "", lines[-1].removeprefix("qemu-img: "))
    path = Path(file_of(file)[0])
    return said.replace(str(path), path.name)[:200]


def check_info(file: str, qemu_name: str, facts: Facts, run: QemuImg, limit_virtual_bytes: int) -> Facts:
    """What QEMU itself makes of the file: neither other files nor encryption, and the same size."""
    code, out = ask(file, facts, run, "info", "-f", qemu_name, "--output=json", file)
    try:
        info = json.loads(out)
        size = int(info["virtual-size"])
    except (ValueError, KeyError, TypeError):
        raise BadImage("corrupt", format=facts.format, detail=f"qemu-img info: {code}") from None
    refuse_references(info, facts)
    if size != facts.virtual_size_bytes and facts.format != "vhd":
        detail = f"virtual size {facts.virtual_size_bytes} or {size}"
        raise BadImage("corrupt", format=facts.format, detail=detail)
    facts = replace(facts, virtual_size_bytes=size)
    check_size(facts, limit_virtual_bytes, arriving=False)
    return facts


def refuse_references(info: dict[str, Any], facts: Facts) -> None:
    details = info.get("format-specific", {}).get("data", {})
    backing = info.get("backing-filename") or info.get("full-backing-filename")
    if backing:
        raise BadImage("backing-file", file=str(backing))
    if details.get("data-file"):
        raise BadImage("data-file", format=facts.format, file=str(details["data-file"]))
    if info.get("encrypted") or details.get("encrypt"):
        raise BadImage(
            "encrypted", format=facts.format, method=str(details.get("encrypt", {}).get("format", ""))
        )
    extents = [str(extent.get("filename")) for extent in details.get("extents", [])]
    if any(leads_to(extent) != leads_to(str(info.get("filename"))) for extent in extents):
        raise BadImage(
            "vmdk-extents", create_type=str(details.get("create-type")), files=", ".join(extents[:5])
        )
    others = [str(child.get("name")) for child in info.get("children", []) if child.get("name") != "file"]
    if others:  # QEMU 8 and later list every file they opened
        raise BadImage("data-file", format=facts.format, file=", ".join(others[:5]))


def leads_to(name: str) -> object:
    """What a name of qemu's stands for; nothing that equals anything when that cannot be told."""
    try:
        return file_of(name)
    except (ValueError, LookupError, TypeError):
        return object()


def check_consistency(file: str, qemu_name: str, facts: Facts, run: QemuImg) -> Facts:
    """qemu-img check, for the formats that have one."""
    if qemu_name in ("raw", "vpc"):
        return facts
    code, _ = ask(file, facts, run, "check", "-f", qemu_name, "--output=json", file)
    if code == CHECK_LEAKS:
        return replace(facts, warnings=(*facts.warnings, "leaked-clusters"))
    if code not in (0, CHECK_UNSUPPORTED):
        raise BadImage("corrupt", format=facts.format, detail=f"qemu-img check: {code}")
    return facts


def measure(file: str, qemu_name: str, facts: Facts, run: QemuImg) -> int:
    """How large the qcow2 file is at most that has its content: a small file can hold a full disk."""
    code, out = ask(file, facts, run, "measure", "--output=json", "-f", qemu_name, "-O", "qcow2", file)
    try:
        return int(json.loads(out)["required"]) + MIB
    except (ValueError, KeyError, TypeError):
        raise BadImage("corrupt", format=facts.format, detail=f"qemu-img measure: {code}") from None


def look_inside(file: str, qemu_name: str, facts: Facts, run: QemuImg) -> Facts:
    """Partition table and boot modes of the disk that the file contains."""
    with temporary_file() as target:
        files = [f"if={file}", f"of={target}"]
        ask(file, facts, run, "dd", "-f", qemu_name, "-O", "raw", "bs=1M", "count=1", *files)
        head = target.read_bytes()[:MIB]
    table = read_table(View(head, facts.virtual_size_bytes))
    beyond = table.end_bytes > facts.virtual_size_bytes // SECTOR * SECTOR
    warnings = [*facts.warnings, *([] if table.kind else ["no-partition-table"])]
    warnings += ["partition-beyond-end"] if beyond else []
    return replace(facts, partition_table=table.kind, boot_modes=table.boot_modes, warnings=tuple(warnings))
