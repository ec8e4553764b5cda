"""Disks that lie in an archive: how `qemu-img` is told to read one where it is, without taking it out."""

import json
from collections.abc import Mapping
from typing import Any

from imsconsole.engine.types import Part

SECTOR = 512  # qemu's, and that of tar, which fills every file up to it
JSON = "json:"


def file_node(filename: str, part: Part | None) -> dict[str, Any]:
    """The bytes of a file, or of a part of it."""
    file = {"driver": "file", "filename": filename}
    if part is None:
        return file
    size = -(-part.size_bytes // SECTOR) * SECTOR
    return {"driver": "raw", "offset": part.offset, "size": size, "file": file}


def named(filename: str, format: str, part: Part | None) -> str:
    """What a command takes for the name of a disk of qemu's `format`; without a part that is the file's."""
    if part is None:
        return filename
    below = file_node(filename, part)
    return JSON + json.dumps(below if format == "raw" else {"driver": format, "file": below})


def file_of(name: str) -> tuple[str, Mapping[str, Any]]:
    """The file that such a name leads to, and the node just above it."""
    if not name.startswith(JSON):
        return name, {}
    node: dict[str, Any] = json.loads(name.removeprefix(JSON))
    while "file" in node["file"]:
        node = node["file"]
    return str(node["file"]["filename"]), node


def renamed(name: str, filename: str) -> str:
    """The same part of another file."""
    file, _node = file_of(name)
    return name.replace(json.dumps(file), json.dumps(filename)) if name.startswith(JSON) else filename
