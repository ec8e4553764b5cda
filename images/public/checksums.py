"""Publishers' checksums: reading their lists, comparing files with them."""

import re
from collections.abc import Callable
from pathlib import Path

from imsconsole.core.checksums import file_digest
from imsconsole.core.errors import BadImage, NotFound

ALGORITHMS = {64: "sha256", 128: "sha512"}  # by the number of hexadecimal digits
DIGEST = r"(?P<digest>[0-9a-fA-F]{128}|[0-9a-fA-F]{64})"
GNU = re.compile(rf"{DIGEST}\s+[ *]?(?P<name>\S+)")  # <digest> *name
BSD = re.compile(rf"SHA(?:256|512) \((?P<name>[^)]+)\) = {DIGEST}")  # SHA256 (name) = <digest>
ALONE = re.compile(DIGEST)


def find_checksum(text: str, name: str, url: str) -> str:
    """The digest of the file `name` in a list; of a list that holds a single one without a name, that.

    A list that has several algorithms gives the longest digest. Raises NotFound.
    """
    lines = [line.strip() for line in text.splitlines()]
    named = [found for line in lines if (found := GNU.fullmatch(line) or BSD.fullmatch(line))]
    digests = [found["digest"] for found in named if found["name"].rsplit("/", 1)[-1] == name]
    digests = digests or [line for line in lines if ALONE.fullmatch(line)]
    if not digests:
        raise NotFound("checksum-not-listed", url=url, name=name)
    return max(digests, key=len).lower()


def require_checksum(path: Path, wanted: str, report: Callable[[int, int], None]) -> None:
    """Compare a file with a digest of SHA-256 or SHA-512. Raises BadImage."""
    found = file_digest(path, ALGORITHMS[len(wanted)], report)
    if found != wanted:
        raise BadImage("download-checksum-differs", found=found, wanted=wanted)
