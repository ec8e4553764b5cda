"""Getting the file of a catalogue entry: downloaded and unpacked, or built."""

import lzma
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from images.public.catalogue import Entry, keyring_of
from images.public.checksums import find_checksum
from images.public.debian import build_debian
from images.public.policy import image_policy, limit_seconds, list_policy
from images.public.programs import CannotBuildError
from images.public.signatures import require_signature
from images.receiving.limits import limit_file_bytes
from imsconsole.core.downloads import download, read_bytes
from imsconsole.core.errors import BadImage, NoSpace, Unavailable
from imsconsole.core.full_disk import met_full_disk
from imsconsole.engine.types import MIB

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Published:
    """What the publisher says the file's checksum is; empty for what is built here. `signed_by`: his key, when it is known."""

    checksum: str
    signed_by: str = ""


def published(entry: Entry) -> Published:
    """Asked for now. Where his keys are known, his signature is required. Raises also BadImage, Unavailable."""
    if entry.is_built or entry.checksum:
        return Published(entry.checksum)
    listed, signed_by = read_bytes(entry.checksums, list_policy()), ""
    if keyring := keyring_of(entry):
        signature = read_bytes(entry.signature, list_policy()) if entry.signature else b""
        listed, signed_by = require_signature(listed, signature, keyring, entry.checksums)
    text = listed.decode(errors="replace")
    return Published(find_checksum(text, entry.file_name, entry.checksums), signed_by)


def obtain(entry: Entry, path: Path, report: Report) -> None:
    """The entry's file at `path`; a download goes on with what is there. `report` may raise to end it."""
    if entry.is_built:
        _build(path, report)
    else:
        download(entry.url, path, policy=image_policy(), report=report)


def building_dir() -> Path:
    """Where builds are made, each in a folder that its process holds."""
    return Path(settings.DATA_DIR) / "building"


def _build(path: Path, report: Report) -> None:
    try:
        build_debian(
            path,
            work_dir=building_dir(),
            mirror=settings.IMS_DEBIAN_MIRROR,
            beat=lambda: report(0, 0),
            limit_s=limit_seconds(),
        )
    except CannotBuildError as error:
        if met_full_disk(0, str(error)):
            raise NoSpace from error
        raise Unavailable("public-image-not-built", detail=str(error)) from error


def unpack(packed: Path, path: Path, report: Report) -> None:
    """Unpack an xz file. Raises BadImage, also when more comes out than may be imported."""
    total = packed.stat().st_size
    try:
        with packed.open("rb") as raw, lzma.open(raw) as stream, path.open("wb") as out:
            while piece := stream.read(4 * MIB):
                out.write(piece)
                if out.tell() > limit_file_bytes():
                    raise BadImage("too-large", size_bytes=out.tell(), limit_bytes=limit_file_bytes())
                report(raw.tell(), total)
    except (lzma.LZMAError, EOFError) as error:
        raise BadImage("cannot-unpack", detail=str(error)) from error
