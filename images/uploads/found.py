"""What inspection found, as it is kept with an upload; and what the limits are."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from images.models import OsVersion, Upload
from images.os.detection import os_version_of
from images.receiving.limits import limit_virtual_bytes
from imsconsole.cloud.inspection import qemu_img
from imsconsole.core.errors import BadImage, Interrupted
from imsconsole.core.sentences import sentence
from imsconsole.engine.inspection import inspect_file, with_system
from imsconsole.engine.types import MIB, Found, Machine, Part

LUKS_BYTES = 4 * MIB  # what keys and their header take, and more


def examine_file(path: Path, *, claimed: str, looks_inside: bool = True, part: Part | None = None) -> Found:
    """Inspect a finished file, or a part of it, `qemu-img` under limits included, and look for its system unless told not to.

    Once more when it was interrupted. Raises BadImage, NoSpace, Unavailable, Unsupported.
    """
    try:
        return _examined(path, claimed, looks_inside, part)
    except Interrupted:
        return _examined(path, claimed, looks_inside, part)


def _examined(path: Path, claimed: str, looks_inside: bool, part: Part | None) -> Found:
    found = inspect_file(
        path, claimed=claimed, limit_virtual_bytes=limit_virtual_bytes(), run=qemu_img, part=part
    )
    if found.format == "iso" or not looks_inside:
        return found
    if found.disks:
        return replace(found, disks=(with_system(path, found.disks[0], run=qemu_img), *found.disks[1:]))
    return with_system(path, found, run=qemu_img)


def check_fast(found: Found, *, is_fast: bool) -> None:
    """R59: only raw disks are imported fast. Raises BadImage."""
    if is_fast and found.format != "raw":
        raise BadImage("fast-needs-raw", format=found.format)


def with_hash(found: Found, sha256: str) -> Found:
    return replace(found, sha256=sha256)


def to_json(found: Found) -> dict[str, Any]:
    """`Found` as `Upload.found` keeps it."""
    return asdict(found)


def from_json(kept: Mapping[str, Any]) -> Found:
    values = dict(kept)
    for name in ("boot_modes", "warnings"):
        values[name] = tuple(values.get(name, ()))
    for name, kind in (("machine", Machine), ("part", Part)):
        values[name] = kind(**values[name]) if values.get(name) else None
    values["disks"] = tuple(from_json(disk) for disk in values.get("disks", ()))
    return Found(**values)


def found_of(upload: Upload) -> Found:
    """What was found in a complete upload."""
    return from_json(upload.found)


def disks_in(found: Found) -> list[Found]:
    """The disks in an archive, that of the system first; else what was found is the disk."""
    return [replace(disk, sha256=found.sha256) for disk in found.disks] or [found]


def store_bytes(found: Found, *, is_encrypted: bool = False) -> int:
    """What an image of a file takes in the store, at most."""
    return max(found.size_bytes, found.needed_bytes) + (LUKS_BYTES if is_encrypted else 0)


def warnings_of(found: Found) -> list[str]:
    """The sentences of what is odd about a file, in the reader's language."""
    return [sentence(code, {}) for code in found.warnings]


def detected_os(upload: Upload) -> OsVersion | None:
    """What was found in an upload, if it is of our table. Fast import does not look (R61)."""
    return None if upload.is_fast else os_version_of(found_of(upload))
