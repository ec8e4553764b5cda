"""Disks: volumes in Cinder, of whole GB.

Their metadata say what they are: a data disk or a system disk that is kept (`disk`), the present system disk of a server
(`system`), the CD in its drive (`cd`). Those of a server name it, kept ones too. A volume has no name that only one can
have: what an earlier attempt made is found by its metadata and gone on with, of twins that of the highest attempt stays.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from uuid import UUID

from imsconsole.core.errors import Conflict, ImsError, NotFound, Unavailable, Unsupported
from imsconsole.engine.openstack.cinder import Cinder
from imsconsole.engine.openstack.cloud import Cloud, Found
from imsconsole.engine.openstack.glance import Image
from imsconsole.engine.openstack.images import Images
from imsconsole.engine.openstack.kept import described
from imsconsole.engine.openstack.lending import Lending
from imsconsole.engine.openstack.marks import (
    CD,
    CONSOLE,
    DISK,
    ID,
    KIND,
    SERVER,
    SYSTEM,
    TOKEN,
    WORK,
    attempt_of,
    is_ours,
    mark_of,
    marked,
    moment_of,
    newest_first,
    parts_of,
    ref_of,
)
from imsconsole.engine.types import GIB, DiskSpec, Foreign, Key, Kind, Mark, ServerSpec, Unwatched, Work

UNFINISHED = ("creating", "downloading", "deleting")


class Volumes:
    kind = Kind.DISK

    def __init__(self, cloud: Cloud, images: Images) -> None:
        self._cloud = cloud
        self._console = cloud.settings.console
        self._images = images
        self._lending = Lending(images.glance, images.cloud, cloud)
        self.cinder = Cinder(cloud)

    # what there is
    def all(self) -> Mapping[str, Mark]:
        return {_ref(each): mark_of(each["metadata"]) for each in self._ours() if _is_whole(each)}

    def found(self, id: UUID) -> tuple[str, ...]:
        there = self._ours(**{ID: str(id)})
        return tuple(_ref(each) for each in _in_order(there) if _is_whole(each) and _is_good(each))

    def scraps(self) -> frozenset[str]:
        return frozenset()

    def running(self) -> frozenset[str]:
        return frozenset()

    def foreign(self) -> Iterable[Foreign]:
        for each in self.cinder.list("volumes"):
            if not is_ours(each["metadata"], self._console):
                yield Foreign(
                    "volume", str(each["id"]), str(each["name"] or ""), moment_of(each["created_at"])
                )

    def sweep(self, token: str, *, keep_captures: bool) -> None:
        """Nothing is needed for a while only: what work had begun, its next attempt goes on with."""

    def discard(self, ids: frozenset[UUID], token: str, *, work: Work, server: UUID | None) -> None:
        """Of a server all of its own, of the others data disks, and system disks of `server`; and what was borrowed for them."""
        for id in ids:
            made = [
                each
                for each in self._marked(**{ID: str(id)})
                if SERVER not in each["metadata"] or each["metadata"][SERVER] == str(server)
            ]
            for each in made + self._marked(**{SERVER: str(id)}):
                if each["metadata"][TOKEN].startswith(token):
                    self._remove(each, work)
        self._lending.end(self._is_making)

    def _ours(self, *kinds: str, **marks: str) -> list[Found]:
        """Disks of servers. Others cannot give us theirs: it is our project's."""
        return [each for each in self._marked(**marks) if each["metadata"][KIND] in (kinds or (DISK, SYSTEM))]

    def _marked(self, **marks: str) -> list[Found]:
        """The same, and what is in CD drives."""
        there = self.cinder.list("volumes", **{CONSOLE: self._console, **marks})
        return [each for each in there if is_ours(each["metadata"], self._console, DISK, SYSTEM, CD)]

    def volume(self, ref: str) -> Found:
        """The volume of a disk. Raises NotFound."""
        id, volume_id = parts_of(ref)
        found = self.cinder.get("volumes", volume_id, ref)
        if not is_ours(found["metadata"], self._console) or found["metadata"].get(ID) != str(id):
            raise NotFound("no-such-bytes", ref=ref)
        return found

    # disks
    def create_disk(
        self, disk_id: UUID, size_bytes: int, *, work: Work, image_ref: str = "", key: Key | None = None
    ) -> str:
        _no_key(key)
        image = self._content(image_ref, size_bytes, "data-disk-too-small")
        return self._made(marked(self._console, DISK, disk_id, work.token), size_bytes, image, work)

    def create_system(self, server: UUID, disk: DiskSpec, image_ref: str, *, work: Work) -> str:
        """A server's system disk, of a stored disk or blank; its reference.

        Raises NotFound (the image's bytes are gone), NoSpace, Conflict `system-disk-too-small`.
        """
        _no_key(disk.key)
        image = self._content(image_ref, disk.size_bytes, "system-disk-too-small")
        marks = marked(self._console, SYSTEM, disk.id, work.token, **{SERVER: str(server)})
        return self._made(marks, disk.size_bytes, image, work)

    def create_cd(self, server: UUID, iso_ref: str, *, work: Work) -> str:
        """A server's own copy of a stored ISO, under the server's ID; its reference. Raises NotFound, NoSpace."""
        iso = self._images.stored(iso_ref)
        marks = marked(self._console, CD, server, work.token, **{SERVER: str(server)})
        return self._made(marks, int(iso["size"]), iso, work)

    def _content(self, image_ref: str, size_bytes: int, too_small: str) -> Image | None:
        """Raises NotFound, Unsupported (an ISO), Conflict."""
        if not image_ref:
            return None
        image = self._images.stored(image_ref)
        if (stored := described(image)).format == "iso":
            raise Unsupported("not-a-disk")
        if (needed := stored.virtual_size_bytes) > size_bytes:
            raise Conflict(too_small, needed_gb=-(-needed // GIB), size_gb=size_bytes // GIB)
        return image

    def _made(self, marks: Mapping[str, str], size_bytes: int, image: Image | None, work: Work) -> str:
        """One volume with these marks, whatever was made of them before. Raises NoSpace, Unavailable."""
        for is_last in (False, True):
            with self._lending.of(image, self._is_making):
                try:
                    return self._only(marks, size_bytes, image, work)
                except ImsError:
                    if is_last or not self._lending.was_cut(image):
                        raise
        raise AssertionError

    def _is_making(self) -> bool:
        return not all(map(_is_whole, self._marked()))

    def _only(self, marks: Mapping[str, str], size_bytes: int, image: Image | None, work: Work) -> str:
        if there := self._adopted(marks, work):
            return _ref(there)
        work.hold()
        size_gb = max(1, -(-size_bytes // GIB))
        volume = self.cinder.create(
            "volumes",
            name=f"ims-{marks[ID]}",
            size=size_gb,
            imageRef=image and image["id"],
            volume_type=self._cloud.settings.volume_type,
            metadata=dict(marks),
        )
        try:
            self.cinder.whole("volumes", volume["id"], work)
        except ImsError:
            self._take_back(volume, work)
            raise
        try:
            work.hold()
        except BaseException:
            self._take_back(volume, work)
            raise
        for other in self._like(marks):
            if other["id"] != volume["id"] and _attempt(other) <= attempt_of(work.token):
                self._remove(other, work)
        return _ref(volume)

    def _like(self, marks: Mapping[str, str]) -> list[Found]:
        """What other attempts, and this one, made of the same, the one to go on with first; a system disk may be kept by now."""
        kinds = (SYSTEM, DISK) if marks[KIND] == SYSTEM else (marks[KIND],)
        return _in_order(self._ours(*kinds, **{name: marks[name] for name in (ID, SERVER) if name in marks}))

    def _adopted(self, marks: Mapping[str, str], work: Work) -> Found | None:
        """What an earlier attempt made, once it is whole, as this attempt's; what is of no use is removed."""
        adopted: Found | None = None
        for each in self._like(marks):
            found = self.cinder.idle("volumes", each["id"], work)
            if found is None:
                continue
            work.hold()
            if adopted or not _is_good(found):
                self._remove(found, work)
            else:
                self.cinder.mark("volumes", found["id"], **{KIND: marks[KIND], TOKEN: marks[TOKEN]})
                adopted = found
        return adopted

    def _take_back(self, volume: Found, work: Work) -> None:
        """Remove what this attempt made, if it is no longer being made and no other attempt has taken it over."""
        with suppress(ImsError):
            there = self.cinder.get("volumes", volume["id"])
            if there["metadata"].get(TOKEN) == work.token and _is_whole(there):
                self.cinder.remove("volumes", [volume["id"]], Unwatched())

    def grow_disk(
        self, disk: DiskSpec, size_bytes: int, *, work: Work, server: ServerSpec | None = None
    ) -> str:
        """Raises NotFound, NoSpace, Unavailable, Unsupported `no-grow-in-use`."""
        _no_key(disk.key)
        volume = self.cinder.whole("volumes", self.volume(disk.ref)["id"], work)
        size_gb = -(-size_bytes // GIB)
        if volume["size"] >= size_gb:
            return disk.ref
        if volume["attachments"] and not self._cloud.settings.grow_in_use:
            raise Unsupported("no-grow-in-use")
        work.hold()
        self.cinder.act(volume["id"], "os-extend", new_size=size_gb)
        grown = self.cinder.whole("volumes", volume["id"], work)
        if grown["size"] < size_gb:
            raise self.cinder.failure(volume["id"], str(grown["status"]))
        return disk.ref

    def delete_disk(self, ref: str, *, work: Work) -> None:
        """Raises Conflict `volume-in-use`."""
        with suppress(NotFound):
            volume = self.volume(ref)
            work.hold()
            self._remove(volume, work)

    def _remove(self, volume: Found, work: Work) -> None:
        settled = self.cinder.idle("volumes", volume["id"], work)
        if settled is None:
            return
        if settled["attachments"]:
            raise Conflict("volume-in-use")
        try:
            self.cinder.remove("volumes", [volume["id"]], work)
        except Unavailable:  # one that has snapshots does not go
            self._remove_snapshots(volume, work)
            self.cinder.remove("volumes", [volume["id"]], work)

    def _remove_snapshots(self, volume: Found, work: Work) -> None:
        """Those that a capture has left of it; the last one first, which needs no other."""
        there = self.cinder.list("snapshots", **{CONSOLE: self._console, KIND: WORK})
        left = [each for each in there if each["volume_id"] == volume["id"]]
        for each in sorted(left, key=lambda each: str(each["created_at"]), reverse=True):
            self.cinder.remove("snapshots", [each["id"]], work)

    # those of servers
    def of_server(self, server: UUID, *kinds: str) -> list[Found]:
        """A server's own volumes, of these kinds (`system`, `cd`, `disk`: kept ones), the one to go on with first."""
        return _in_order(self._ours(*(kinds or (SYSTEM, CD, DISK)), **{SERVER: str(server)}))

    def remove_of(self, server: UUID, *kinds: str, work: Work) -> None:
        """Remove them. Raises Conflict `volume-in-use`."""
        for each in self.of_server(server, *kinds):
            work.hold()
            self._remove(each, work)

    def keep(self, ref: str) -> None:
        """It is no longer the system disk of its server, which it goes on naming. Raises NotFound."""
        self._turn(ref, DISK)

    def promote(self, ref: str) -> None:
        """It is the system disk of its server again. Raises NotFound."""
        self._turn(ref, SYSTEM)

    def _turn(self, ref: str, kind: str) -> None:
        volume = self.volume(ref)
        if volume["metadata"][KIND] != kind:
            self.cinder.mark("volumes", volume["id"], **{KIND: kind})


def _in_order(volumes: Iterable[Found]) -> list[Found]:
    latest = sorted(volumes, key=lambda each: str(each["created_at"]), reverse=True)
    return newest_first((str(each["metadata"][TOKEN]), each) for each in latest)


def _is_whole(volume: Found) -> bool:
    return volume["status"] not in UNFINISHED


def _is_good(volume: Found) -> bool:
    return not str(volume["status"]).startswith("error")


def _attempt(volume: Found) -> int:
    return attempt_of(str(volume["metadata"][TOKEN]))


def _ref(volume: Found) -> str:
    return ref_of(str(volume["metadata"][ID]), str(volume["id"]))


def _no_key(key: Key | None) -> None:
    if key:
        raise Unsupported("no-encryption")
