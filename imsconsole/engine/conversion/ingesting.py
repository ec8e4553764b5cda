"""Foreign files come into the store: an ISO as it is, all else as qcow2."""

from collections.abc import Callable
from pathlib import Path

from imsconsole.engine.conversion.exporting import Wish
from imsconsole.engine.conversion.hashing import copy, settled
from imsconsole.engine.conversion.qcow2 import write_raw
from imsconsole.engine.conversion.qemu_img import QemuImg
from imsconsole.engine.conversion.scratch import READ_ONLY, Scratch, link
from imsconsole.engine.types import FileSource, Source, Work


def keep_iso(store: Scratch, source: Source, made: Path, work: Work) -> str:
    """Its SHA-256. One whose checksum is known is not read."""
    total = source.size_bytes
    if isinstance(source, FileSource) and source.sha256:
        link(source.path, made)
        made.chmod(READ_ONLY)
        work.report(total, total)
        return source.sha256
    with store.room.kept(made, total), source.open() as stream, made.open("xb") as out:
        sha256 = copy(stream, out, lambda done: work.report(done, total))
    made.chmod(READ_ONLY)
    return sha256


def convert(store: Scratch, qemu_img: QemuImg, source: Source, made: Path, wish: Wish, work: Work) -> str:
    """Its SHA-256; `wish` is what the source is, and what is made of it encrypted with."""
    brought = made.with_name("source")
    part = store.bring(source, brought, lambda _done: work.report(0, source.size_bytes))
    if wish.format == "raw" and wish.key is None and part is None:
        return _lay_out(qemu_img, brought, made, wish.limit_bytes, work)
    total = qemu_img.virtual_size(brought, wish.format, part)
    work.report(0, total)
    qemu_img.convert(
        brought,
        wish.format,
        made,
        size_bytes=total,
        progress=lambda percent: work.report(int(total * percent / 100), total),
        source_part=part,
        key=wish.key,
        limit_bytes=wish.limit_bytes,
    )
    store.own(made)
    return settled(made, beat(work, total))


def _lay_out(qemu_img: QemuImg, brought: Path, made: Path, limit_bytes: int, work: Work) -> str:
    """Bytes of a raw disk mean nothing to us: no program has to stand between."""
    with brought.open("rb") as source, made.open("xb") as out:
        sha256 = write_raw(source, out, work.report, lambda size: qemu_img.admitted(made, size, limit_bytes))
    made.chmod(READ_ONLY)
    return sha256


def beat(work: Work, total: int) -> Callable[[int], None]:
    """Progress of a phase without a share of its own: tells that the work goes on."""
    return lambda _done: work.report(total, total)
