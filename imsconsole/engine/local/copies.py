"""Stored disks of another region, written anew with another key, or handed out; and disks of servers with their content."""

from pathlib import Path
from uuid import UUID

from imsconsole.core.errors import Conflict, Unsupported
from imsconsole.engine.conversion.exporting import AS_STORED, Wish, convert_out, hand_over, require_written
from imsconsole.engine.conversion.hashing import settled
from imsconsole.engine.conversion.qcow2 import header_of
from imsconsole.engine.conversion.qemu_img import QemuImg
from imsconsole.engine.conversion.scratch import READ_ONLY, clone
from imsconsole.engine.conversion.transfers import brought
from imsconsole.engine.local.store import Store
from imsconsole.engine.types import GIB, Exported, Key, Sink, Source, Work


def transferred(
    store: Store, disk_id: UUID, source: Source, *, checksum: str, format: str, work: Work
) -> Path:
    """The file of `disk_id` with the bytes of `source`, whose checksum it has."""
    suffix = ".iso" if format == "iso" else ".qcow2"
    if adopted := store.adopt(store.images, str(disk_id), suffix, work):
        return adopted
    with brought(store, disk_id, source, checksum, work) as path:
        path.chmod(READ_ONLY)
        return store.finish(path, store.images, str(disk_id), suffix, work)


def export_disk(store: Store, qemu_img: QemuImg, ref: str, sink: Sink, wish: Wish, work: Work) -> Exported:
    """`Engine.export`. What is converted is made once, beside the store, and put into a file's place by a link."""
    require_written(wish.format, is_iso=ref.endswith(".iso"))
    with store.scrap(work) as folder:
        source = folder / "source"
        store.link_stored(ref, source)
        if wish.format == AS_STORED:
            return hand_over(source, sink, work)
        return convert_out(store, qemu_img, source, sink, wish, work)


def rewritten(
    store: Store, qemu_img: QemuImg, disk_id: UUID, ref: str, work: Work, key: Key | None, new_key: Key | None
) -> tuple[Path, str]:
    """The content of `ref`, which `key` unlocks, encrypted with `new_key` or not at all; and its SHA-256.

    Raises NotFound, Unsupported (an ISO), Conflict `wrong-key`.
    """
    if store.suffix(ref) != ".qcow2":
        raise Unsupported("not-a-disk")
    if adopted := store.adopt(store.images, str(disk_id), ".qcow2", work):
        return adopted, settled(adopted, lambda done: work.report(done, done))
    with store.scrap(work) as folder:
        source, made = folder / "source", folder / "made"
        store.link_stored(ref, source)
        total, _is_encrypted = header_of(source)
        work.report(0, total)
        qemu_img.convert(
            source,
            "qcow2",
            made,
            size_bytes=total,
            progress=lambda percent: work.report(int(total * percent / 100), total),
            source_key=key,
            key=new_key,
        )
        store.own(made)
        sha256 = settled(made, lambda _done: work.report(total, total))
        return store.finish(made, store.images, str(disk_id), ".qcow2", work), sha256


def content_of(
    store: Store, qemu_img: QemuImg, ref: str, made: Path, size_bytes: int, work: Work, key: Key | None
) -> None:
    """A disk of its own with the content of the stored disk `ref`, as large as asked for; `key` is what both are encrypted with.

    Raises NotFound, Conflict (too small, or another key), Unsupported (no disk, but an ISO).
    """
    source = store.stored(ref)
    if store.suffix(ref) != ".qcow2":
        raise Unsupported("not-a-disk")
    total = source.stat().st_size
    store.blank(made)
    with store.room.kept(made, total):
        clone(source, made, lambda done: work.report(done, total))
    needed, is_encrypted = header_of(made)
    if is_encrypted != bool(key):
        raise Conflict("wrong-key")
    if needed > size_bytes:
        sizes = {"needed_gb": -(-needed // GIB), "size_gb": size_bytes // GIB}
        raise Conflict("data-disk-too-small", **sizes)
    if needed < size_bytes:
        qemu_img.resize(made, size_bytes, key)
