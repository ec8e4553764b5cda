"""Checksums that name their algorithm: "sha256:…", "sha512:…"."""

import hashlib
from collections.abc import Callable
from pathlib import Path

PIECE_BYTES = 4 * 1024**2
TITLES = {"sha256": "SHA-256", "sha512": "SHA-512"}


def digits_of(checksum: str, algorithm: str = "") -> str:
    """The digits of a checksum; with an `algorithm` those of that one alone."""
    name, _colon, digits = checksum.partition(":")
    return digits if algorithm in ("", name) else ""


def algorithm_of(checksum: str) -> str:
    """What its algorithm is called; of none, what most have."""
    return TITLES.get(checksum.partition(":")[0], TITLES["sha256"])


def checksum_text(checksum: str) -> str:
    """As people read it: "SHA-256 …"."""
    return f"{algorithm_of(checksum)} {digits_of(checksum)}"


def file_digest(path: Path, algorithm: str, report: Callable[[int, int], None]) -> str:
    """The digits of a file's checksum."""
    digest, total, done = hashlib.new(algorithm), path.stat().st_size, 0
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            done += len(piece)
            report(done, total)
    return digest.hexdigest()
