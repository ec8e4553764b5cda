"""Stored disks of a cloud. What comes is converted on this host, in a folder of its own, and goes to Glance as qcow2."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from imsconsole.core.errors import Conflict, NotFound, Unsupported
from imsconsole.core.folders import remove
from imsconsole.core.room import PROMISES, Room
from imsconsole.engine.conversion.exporting import AS_STORED, Wish, convert_out, hand_over, require_written
from imsconsole.engine.conversion.hashing import PIECE_BYTES, Digest, copy
from imsconsole.engine.conversion.ingesting import convert
from imsconsole.engine.conversion.limits import run_as
from imsconsole.engine.conversion.qcow2 import header_of
from imsconsole.engine.conversion.qemu_img import QemuImg
from imsconsole.engine.conversion.scratch import Scratch
from imsconsole.engine.conversion.transfers import brought
from imsconsole.engine.conversion.users import FOLDER, Users
from imsconsole.engine.openstack.cloud import Cloud, CloudSettings
from imsconsole.engine.openstack.glance import Image
from imsconsole.engine.openstack.kept import Kept, described, format_of, is_lent
from imsconsole.engine.openstack.marks import ID, KIND, TOKEN, WORK
from imsconsole.engine.openstack.public import ADOPTED, public_image
from imsconsole.engine.openstack.reading import system_in
from imsconsole.engine.openstack.streams import Body
from imsconsole.engine.types import (
    Exported,
    FileSink,
    FileSource,
    Foreign,
    Found,
    Key,
    Kind,
    Mark,
    PublicImage,
    Sink,
    Source,
    StoredDisk,
    Work,
)


@dataclass(frozen=True)
class StoredSource:
    """The bytes of an image, as a source."""

    size_bytes: int
    opened: Callable[[int], BinaryIO]

    def open(self, offset: int = 0) -> BinaryIO:
        return self.opened(offset)


class Images:
    kind = Kind.STORED

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.kept = Kept(cloud)
        self.glance = self.kept.glance
        self.scratch = _scratch(cloud.settings)
        self._qemu_img = QemuImg(self.scratch.users, self.scratch.room)

    @property
    def is_isolated(self) -> bool:
        """Whether each conversion is a user of its own."""
        return self.scratch.users.common.switch

    # what there is
    def all(self) -> Mapping[str, Mark]:
        return self.kept.all()

    def found(self, id: UUID) -> tuple[str, ...]:
        """One that is lent by the cloud is found by the cloud's ID."""
        if ours := self.kept.under(id):
            return tuple(described(image).ref for image in ours)
        try:
            image = self.glance.get(str(id))
        except NotFound:
            return ()
        return (described(image).ref,) if is_lent(image) else ()

    def scraps(self) -> frozenset[str]:
        unfinished = (str(image[TOKEN]) for image in self.kept.ours(**{KIND: WORK}))
        return self.scratch.names() | frozenset(unfinished)

    def running(self) -> frozenset[str]:
        return frozenset()

    def foreign(self) -> Iterable[Foreign]:
        return self.kept.foreign()

    def public(self) -> tuple[PublicImage, ...]:
        return tuple(map(public_image, filter(is_lent, self.glance.list(visibility="public"))))

    def adopt(self, cloud_id: str) -> StoredDisk:
        image = self.kept.stored(f"{cloud_id}.{cloud_id}")
        if (format := format_of(image)) not in ADOPTED:
            raise Unsupported("adopt-format", format=format)
        return described(image)

    def stored(self, ref: str) -> Image:
        """The image of a stored disk, which `kept.described` describes. Raises NotFound."""
        return self.kept.stored(ref)

    # what interrupted work left
    def sweep(self, token: str, *, keep_captures: bool) -> None:
        self.scratch.sweep(token)
        for image in self.kept.ours(**{KIND: WORK}):
            if str(image[TOKEN]).startswith(token):
                self.glance.delete(image["id"])

    def discard(self, ids: frozenset[UUID], token: str, *, work: Work, server: UUID | None) -> None:
        for id in ids:
            for part in self.scratch.scraps.glob(f"part-{id}-{token}*"):
                remove(part)
            for image in self.kept.ours(**{ID: str(id)}):
                if str(image[TOKEN]).startswith(token):
                    work.hold()
                    self.glance.delete(image["id"])

    # making
    def ingest(
        self, disk_id: UUID, source: Source, format: str, work: Work, key: Key | None, limit_bytes: int
    ) -> StoredDisk:
        _require_no_key(key)
        if taken := self.kept.taken_over(disk_id, work):
            return taken
        if format == "iso":
            size = source.size_bytes
            if limit_bytes and size > limit_bytes:
                raise Conflict("beyond-limit", limit_bytes=limit_bytes)
            return self.kept.keep(disk_id, Body(source.open, size), "iso", size, work)
        with self.scratch.scrap(work) as folder:
            made = folder / "made"
            convert(self.scratch, self._qemu_img, source, made, Wish(format, limit_bytes=limit_bytes), work)
            return self._keep(disk_id, made, "qcow2", work)

    def _keep(self, disk_id: UUID, path: Path, format: str, work: Work, checksum: str = "") -> StoredDisk:
        size = path.stat().st_size
        virtual = size if format == "iso" else header_of(path)[0]
        return self.kept.keep(disk_id, Body(lambda: path.open("rb"), size), format, virtual, work, checksum)

    def copy(self, disk_id: UUID, ref: str, work: Work, key: Key | None, new_key: Key | None) -> StoredDisk:
        """By a file of this host: a Glance that answers one request at a time would wait for itself."""
        _require_no_key(key, new_key)
        if format_of(image := self.kept.stored(ref)) == "iso":
            raise Unsupported("not-a-disk")
        if taken := self.kept.taken_over(disk_id, work):
            return taken
        with self.scratch.scrap(work) as folder:
            self._bring(image, folder / "made", ref, work)
            return self._keep(disk_id, folder / "made", "qcow2", work)

    def transfer(self, disk_id: UUID, source: Source, checksum: str, format: str, work: Work) -> StoredDisk:
        """By a file of this host, as Glance cannot go on with a part."""
        if taken := self.kept.taken_over(disk_id, work):
            return taken
        with brought(self.scratch, disk_id, source, checksum, work) as path:
            if format == "raw":
                stored = self.ingest(disk_id, FileSource(path), format, work, None, 0)
            else:
                stored = self._keep(disk_id, path, format, work, checksum)
            remove(path)
            return stored

    # reading
    def open(self, ref: str, offset: int = 0) -> BinaryIO:
        return self.glance.open(self.kept.stored(ref), offset, ref)

    def verify(self, ref: str, checksum: str, work: Work) -> bool:
        """All bytes are read: what Glance says of them it may have said when they were another disk's."""
        image, (algorithm, _colon, digits) = self.kept.stored(ref), checksum.partition(":")
        total, done = int(image["size"]), 0
        with self.glance.open(image, ref=ref) as stream, Digest(algorithm) as digest:
            while piece := stream.read(PIECE_BYTES):
                digest.update(piece)
                done += len(piece)
                work.report(done, total)
            return digest.hexdigest() == digits

    def system_on(self, ref: str) -> Found:
        stored = described(image := self.kept.stored(ref))
        found = Found(stored.format, stored.virtual_size_bytes, stored.size_bytes)
        if stored.format != "qcow2":
            return found
        return system_in(partial(self.glance.read, image), found)

    def resting_on(self, ref: str) -> frozenset[str]:
        """None: volumes have bytes of their own, or their back end sees to it."""
        self.kept.stored(ref)
        return frozenset()

    def export(
        self, ref: str, sink: Sink, format: str, work: Work, key: Key | None, limit_bytes: int
    ) -> Exported:
        _require_no_key(key)
        image = self.kept.stored(ref)
        require_written(format, is_iso=format_of(image) == "iso")
        if format == AS_STORED and not isinstance(sink, FileSink) and format_of(image) != "raw":
            return self._streamed(image, sink, work)
        with self.scratch.scrap(work) as folder:
            source = folder / "stored"
            self._bring(image, source, ref, work)
            if format == AS_STORED:
                return hand_over(source, sink, work)
            wish = Wish(format, limit_bytes=limit_bytes)
            return convert_out(self.scratch, self._qemu_img, source, sink, wish, work)

    def _bring(self, image: Image, path: Path, ref: str, work: Work) -> None:
        """The bytes of a stored disk, as a file that a conversion can read: a disk as qcow2, also one that is lent raw."""
        size = int(image["size"])
        source = StoredSource(size, lambda offset: self.glance.open(image, offset, ref))
        if format_of(image) == "raw":
            convert(self.scratch, self._qemu_img, source, path, Wish("raw"), work)
        else:
            self.scratch.bring(source, path, lambda done: work.report(done, size))

    def _streamed(self, image: Image, sink: Sink, work: Work) -> Exported:
        size = int(image["size"])
        with self.glance.open(image) as stream, sink.open() as out:
            return Exported(size, copy(stream, out, lambda done: work.report(done, size)))

    def delete(self, ref: str, work: Work) -> None:
        """What is lent stays."""
        try:
            image = self.kept.stored(ref)
        except NotFound:
            return
        if not is_lent(image):
            work.hold()
            self.glance.delete(image["id"])


def _require_no_key(*keys: Key | None) -> None:
    if any(keys):
        raise Unsupported("no-encryption")


def _scratch(settings: CloudSettings) -> Scratch:
    """Beside the regions that are on this host: conversions share the numbers of their users, and the room on its disk."""
    place = settings.work_dir.absolute()
    users = Users(place.parent / FOLDER, run_as(settings.guest_user), settings.guest_uids)
    return Scratch(place, users, Room(place.parent / PROMISES))
