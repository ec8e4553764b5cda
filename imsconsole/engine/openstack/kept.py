"""The images of ours in Glance: how one becomes a stored disk, and what there is of them.

One is made as `work` and becomes a stored disk by a single change of its properties, once all of its bytes are there and
compared. Images inherit the properties of what they were made from, through volumes and snapshots too, so ours name
themselves (`ims_image`): one that names another is none of ours yet.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from uuid import UUID, uuid4

from imsconsole.core.checksums import algorithm_of, checksum_text
from imsconsole.core.errors import ImsError, NotFound, Unavailable
from imsconsole.engine.openstack.cloud import Cloud
from imsconsole.engine.openstack.glance import Glance, Image
from imsconsole.engine.openstack.marks import (
    CHECKSUM,
    CONSOLE,
    FORMAT,
    ID,
    IMAGE,
    KIND,
    SIZE,
    STORED,
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
from imsconsole.engine.openstack.streams import Body
from imsconsole.engine.types import GIB, Foreign, Mark, StoredDisk, Work


class Kept:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._console = cloud.settings.console
        self.glance = Glance(cloud)

    # what there is
    def all(self) -> Mapping[str, Mark]:
        return {_ref(image): mark_of(image) for image in self.ours() if _is_whole(image)}

    def foreign(self) -> Iterable[Foreign]:
        for image in self.glance.list(owner=self._cloud.project):
            if not self._is_own(image) and not is_ours(image, self._console, WORK):  # of a capture
                at = moment_of(image["created_at"])
                yield Foreign("image", str(image["id"]), str(image.get("name") or ""), at)

    def ours(self, **query: str) -> Iterator[Image]:
        """Also those that are not whole."""
        marks = {CONSOLE: self._console, "owner": self._cloud.project, **query}
        return (image for image in self.glance.list(**marks) if self._is_own(image))

    def under(self, id: UUID) -> list[Image]:
        """The whole ones of an ID, the one to go on with first."""
        there = [image for image in self.ours(**{ID: str(id)}) if _is_whole(image)]
        there.sort(key=lambda image: str(image["created_at"]), reverse=True)
        return newest_first((str(image[TOKEN]), image) for image in there)

    def stored(self, ref: str) -> Image:
        """The image of a stored disk. Raises NotFound.

        One whose both IDs are the same is the cloud's own, lent to everyone.
        """
        id, image_id = parts_of(ref)
        image = self.glance.get(image_id, ref)
        is_ours = self._is_own(image) and _is_whole(image) and image[ID] == str(id)
        if not (is_lent(image) if str(id) == image_id else is_ours):
            raise NotFound("no-such-bytes", ref=ref)
        return image

    def _is_own(self, image: Image) -> bool:
        """What lies in another project is none of ours, whatever it says."""
        names_itself = is_ours(image, self._console) and image.get(IMAGE) == image["id"]
        return names_itself and image["owner"] == self._cloud.project

    # making
    def taken_over(self, id: UUID, work: Work) -> StoredDisk | None:
        """What an earlier attempt finished, as this one's from now on; None when there is nothing."""
        for image in self.under(id):
            with suppress(NotFound):
                work.hold()
                self.glance.change(image["id"], {TOKEN: work.token})
                work.hold()
                taken = self.glance.get(
                    image["id"]
                )  # who made it may have seen that it is late, and have removed it
                self._remove_others(id, taken, work)
                return described(taken)
        return None

    def keep(
        self, id: UUID, body: Body, format: str, virtual_size_bytes: int, work: Work, checksum: str = ""
    ) -> StoredDisk:
        """A new stored disk with these bytes. `checksum` is what they are known by, when that is no checksum of Glance's.

        Raises NoSpace, Unavailable, Conflict, what the work raises.
        """
        work.hold()
        for image in self.ours(**{ID: str(id), KIND: WORK}):
            if _is_older(image, work):
                self.glance.delete(image["id"])
        image_id = str(uuid4())
        try:
            self._create(image_id, id, format, virtual_size_bytes, work)
            self.glance.upload(image_id, body, work)
            self._compare(image_id, body)
            return self.finish(image_id, id, format, virtual_size_bytes, work, checksum or body.checksum)
        except BaseException:
            with suppress(ImsError):
                self._undo(image_id, work)
            raise

    def _create(self, image_id: str, id: UUID, format: str, virtual_size_bytes: int, work: Work) -> None:
        """Glance looks at what is called an ISO and refuses what it does not know as one: whatever it is, its bytes are raw."""
        self.glance.create(
            image_id,
            name=f"ims-{id}",
            visibility="private",
            container_format="bare",
            disk_format="raw" if format == "iso" else format,
            min_disk=-(-virtual_size_bytes // GIB),
            **self.marks(image_id, id, work),
            **{FORMAT: format, SIZE: str(virtual_size_bytes)},
        )

    def marks(self, image_id: str, id: UUID, work: Work) -> dict[str, str]:
        """What makes an image ours, as long as it is not whole: `finish` makes it a stored disk."""
        return {**marked(self._console, WORK, id, work.token), IMAGE: image_id}

    def _compare(self, image_id: str, body: Body) -> None:
        """What Glance has got with what was sent, as far as it tells."""
        image = self.glance.get(image_id)
        found = _glances_checksum(image)
        if image["status"] != "active" or image["size"] != body.size_bytes:
            raise Unavailable("cloud-silent", detail=f"{image['status']}, {image['size']} bytes")
        if algorithm_of(found) == algorithm_of(body.checksum) and found != body.checksum:
            raise Unavailable(
                "upload-differs", found=checksum_text(found), wanted=checksum_text(body.checksum)
            )

    def finish(
        self, image_id: str, id: UUID, format: str, virtual_size_bytes: int, work: Work, checksum: str = ""
    ) -> StoredDisk:
        """Make an image that is whole a stored disk, if the work is still ours; others under its ID go.

        Without a `checksum` it has that which Glance says. What it may have inherited is written over.
        """
        checksum = checksum or _glances_checksum(self.glance.get(image_id))
        facts = {FORMAT: format, SIZE: str(virtual_size_bytes), CHECKSUM: checksum}
        work.hold()
        marks = {**self.marks(image_id, id, work), KIND: STORED}
        image = self.glance.change(image_id, {**marks, **facts})
        work.hold()
        self._remove_others(id, image, work)
        return described(image)

    def _undo(self, image_id: str, work: Work) -> None:
        """Remove what this attempt made, unless a later one took it over."""
        with suppress(NotFound):
            if self.glance.get(image_id)[TOKEN] == work.token:
                self.glance.delete(image_id)

    def _remove_others(self, id: UUID, image: Image, work: Work) -> None:
        for other in self.ours(**{ID: str(id)}):
            if other["id"] != image["id"] and _is_older(other, work):
                self.glance.delete(other["id"])


def _is_older(image: Image, work: Work) -> bool:
    """Whether no later attempt made it."""
    return attempt_of(str(image[TOKEN])) <= attempt_of(work.token)


def _is_whole(image: Image) -> bool:
    return image.get(KIND) == STORED and image["status"] == "active"


def _ref(image: Image) -> str:
    return ref_of(str(image[ID]), str(image["id"]))


def is_lent(image: Image) -> bool:
    """Whether it is one of the cloud's own, for everyone."""
    is_public = image["visibility"] == "public" and image["status"] == "active"
    return is_public and image.get(IMAGE) != image["id"]


def _glances_checksum(image: Image) -> str:
    algorithm, digits = image.get("os_hash_algo"), image.get("os_hash_value")
    return f"{algorithm}:{digits}" if algorithm and digits else ""


def format_of(image: Image) -> str:
    """What a stored disk is; of the cloud's own nobody but the cloud says it."""
    return str(image["disk_format"] if is_lent(image) else image[FORMAT])


def described(image: Image) -> StoredDisk:
    """A stored disk of ours, or one that is lent: both parts of its reference are the cloud's ID then."""
    size, format = int(image["size"]), format_of(image)
    if not is_lent(image):
        return StoredDisk(_ref(image), format, size, int(image[SIZE]), str(image[CHECKSUM]))
    is_plain = format in ("iso", "raw")
    virtual = size if is_plain else int(image.get("virtual_size") or int(image["min_disk"]) * GIB)
    return StoredDisk(ref_of(image["id"], image["id"]), format, size, virtual, _glances_checksum(image))
