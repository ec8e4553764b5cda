"""Stored disks leave as files of other formats, or as they are."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from imsconsole.core.errors import BadImage, NoSpace, Unsupported
from imsconsole.core.folders import remove
from imsconsole.engine.conversion.hashing import copy, settled
from imsconsole.engine.conversion.qcow2 import header_of
from imsconsole.engine.conversion.qemu_img import QemuImg
from imsconsole.engine.conversion.scratch import Scratch, link
from imsconsole.engine.types import Exported, FileSink, Key, Sink, Work

AS_STORED = "stored"
NOT_WRITTEN = ("error while writing", "File truncated")
FORMATS = ("qcow2", "vmdk", "vhd", "raw")


@dataclass(frozen=True)
class Wish:
    """As what a disk leaves, or comes; `key` unlocks it, `limit_bytes` is the most it may have (0 is no limit)."""

    format: str
    key: Key | None = None
    limit_bytes: int = 0


def require_written(format: str, *, is_iso: bool) -> None:
    """Raises Unsupported when an ISO, or a disk, is not written so."""
    if format not in (*FORMATS, AS_STORED) or (format != AS_STORED and is_iso):
        raise Unsupported("export-format", format=format)


def convert_out(
    store: Scratch, qemu_img: QemuImg, source: Path, sink: Sink, wish: Wish, work: Work
) -> Exported:
    """The qcow2 `source`, in a folder of a program's own, into the sink as what is wished."""
    made, (total, _is_encrypted) = source.with_name("made"), header_of(source)
    work.report(0, total)
    with _our_fault():
        qemu_img.convert(
            source,
            "qcow2",
            made,
            size_bytes=total,
            progress=lambda percent: work.report(int(total * percent / 100), total),
            into=wish.format,
            source_key=wish.key,
            limit_bytes=wish.limit_bytes,
        )
    store.own(made)
    return hand_over(made, sink, work)


@contextmanager
def _our_fault() -> Iterator[None]:
    """What cannot be written has no room; QEMU's VMDK says so in words of its own."""
    try:
        yield
    except BadImage as error:
        if any(words in str(error.values.get("detail", "")) for words in NOT_WRITTEN):
            raise NoSpace from error
        raise


def hand_over(path: Path, sink: Sink, work: Work) -> Exported:
    """Put a finished file into the sink: as a link where that is a file, else its bytes."""
    size = path.stat().st_size
    if not isinstance(sink, FileSink):
        with path.open("rb") as stream, sink.open() as out:
            return Exported(size, copy(stream, out, lambda done: work.report(done, size)))
    sha256 = settled(path, lambda done: work.report(done, size))
    work.hold()
    sink.path.unlink(missing_ok=True)
    try:
        link(path, sink.path)
        work.hold()
    except BaseException:
        with suppress(OSError):
            remove(sink.path)
        raise
    return Exported(size, sha256)
