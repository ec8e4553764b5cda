"""Getting the file of a catalogue entry: downloaded and unpacked, or built."""

import lzma
import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from images.public.catalogue import Entry
from images.public.checksums import find_checksum
from images.public.debian import build_debian
from images.public.policy import image_policy, limit_seconds, list_policy
from images.public.programs import CannotBuildError
from images.uploads.found import limit_file_bytes
from imsconsole.core.downloads import download, read_text
from imsconsole.core.errors import BadImage, NoSpace, Unavailable
from imsconsole.core.full_disk import met_full_disk
from imsconsole.engine.types import MIB

Report = Callable[[int, int], None]


def published_checksum(entry: Entry) -> str:
    """What the publisher says the file's checksum is now; empty for what is built here."""
    if entry.is_built or entry.checksum:
        return entry.checksum
    return find_checksum(read_text(entry.checksums, list_policy()), entry.file_name, entry.checksums)


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


def take_over(path: Path, earlier: Path) -> None:
    """Go on with what an earlier attempt has of a download. A copy: a worker that wakes up late may still write."""
    shutil.copyfile(earlier, path)
    version = earlier.with_name(f"{earlier.name}.version")
    if version.exists():
        shutil.copyfile(version, path.with_name(f"{path.name}.version"))


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
