"""OVA: a tar archive with the OVF of a virtual machine, a manifest and the files of its disks.

`tarfile` reads the headers alone, from a view that gives it a megabyte at most; nothing is ever unpacked by it.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from imsconsole.core.errors import BadImage
from imsconsole.engine.inspection.ovf import Description, read_ovf
from imsconsole.engine.inspection.view import Facts, View
from imsconsole.engine.types import MIB, Part

MOST_MEMBERS = 64
LARGEST_TEXT = MIB  # of the OVF, and of the manifest
DIGEST = re.compile(r"(SHA1|SHA256|SHA512) ?\(([^()]{1,255})\) ?= ?([0-9a-fA-F]{40,128})")
DIGITS = {"SHA1": 40, "SHA256": 64, "SHA512": 128}


@dataclass(frozen=True)
class Archive:
    """What an OVA holds: its machine, and the parts that are its disks, in their order."""

    description: Description
    disks: tuple[Part, ...]


def read(view: View) -> Facts:
    """While it arrives, and of the whole: that it is one. What is in it says `read_archive`."""
    return Facts("ova", view.size_bytes or 0)


def read_archive(view: View) -> Archive:
    """Raises BadImage for what is not exactly an archive of files beside each other, one machine's."""
    parts = members(view)
    name = _only(parts, ".ovf")
    content = _text(view, parts[name])
    digests = _digests(view, parts, name)
    if (said := digests.get(name)) and not _matches(content, said):
        raise BadImage("ova-checksum", file=name)
    description = read_ovf(content)
    return Archive(description, tuple(_disks(parts, description, digests)))


def members(view: View) -> dict[str, Part]:
    """The files by their names."""
    parts: dict[str, Part] = {}
    try:
        with tarfile.TarFile.open(fileobj=cast(BinaryIO, _Headers(view)), mode="r:") as archive:
            for member in archive:
                part = _part(member)
                view.reach(part.offset + part.size_bytes)
                if part.name in parts or len(parts) == MOST_MEMBERS:
                    raise BadImage("ova-structure", detail=f"{part.name}: twice, or too many files")
                parts[part.name] = part
    except (tarfile.TarError, ValueError, LookupError, OverflowError, RecursionError, EOFError) as error:
        raise BadImage("ova-structure", detail=str(error)[:100]) from error
    return parts


def _part(member: tarfile.TarInfo) -> Part:
    name = member.name.removeprefix("./")
    is_file = (
        member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse() and member.size >= 0
    )
    if not is_file or not name.isprintable() or PurePosixPath(name).name != name or "\\" in name:
        raise BadImage("ova-structure", detail=f"{name[:100]!r}")
    return Part(name, member.offset_data, member.size)


class _Headers:
    """A file as `tarfile` reads it, up to a limit."""

    def __init__(self, view: View) -> None:
        self._view, self._at, self._left = view, 0, MIB

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int) -> None:
        self._at = offset

    def read(self, length: int) -> bytes:
        size = self._view.size_bytes or 0
        length = min(length, size - self._at)
        self._left -= max(0, length)
        if self._at < 0 or self._left < 0:
            raise BadImage("ova-structure", detail="headers")
        piece = self._view.at(self._at, length) if length > 0 else b""
        self._at += len(piece)
        return piece


def _only(parts: dict[str, Part], ending: str) -> str:
    found = [name for name in parts if name.lower().endswith(ending)]
    if len(found) != 1:
        raise BadImage("ova-structure", detail=f"{len(found)} × *{ending}")
    return found[0]


def _text(view: View, part: Part) -> bytes:
    if part.size_bytes > LARGEST_TEXT:
        raise BadImage("ova-structure", detail=f"{part.name}: {part.size_bytes}")
    return view.at(part.offset, part.size_bytes)


def _digests(view: View, parts: dict[str, Part], descriptor: str) -> dict[str, str]:
    """What the manifest says of each file, "sha256:…"; nothing without one. A line that cannot be read is refused."""
    manifest = next((part for name, part in parts.items() if name.lower().endswith(".mf")), None)
    digests = {}
    for line in _text(view, manifest).decode("utf-8", "replace").splitlines() if manifest else ():
        if not line.strip():
            continue
        found = DIGEST.fullmatch(line.strip())
        if found is None or len(found[3]) != DIGITS[found[1]] or found[2] not in parts:
            raise BadImage("ova-manifest", line=line.strip()[:100])
        digests[found[2]] = f"{found[1].lower()}:{found[3].lower()}"
    return digests


def _matches(content: bytes, said: str) -> bool:
    algorithm, _, digest = said.partition(":")
    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest() == digest


def _disks(parts: dict[str, Part], description: Description, digests: dict[str, str]) -> Iterator[Part]:
    for name in description.files:
        part = parts.get(name)
        if part is None:
            raise BadImage("ova-file-missing", file=name[:100])
        yield Part(name, part.offset, part.size_bytes, digests.get(name, ""))
