"""Stored disks: images in Glance.

One is made as `work` and becomes a stored disk by a single change of its properties, once all of its bytes are there and
compared. Images inherit the properties of what they were made from, through volumes and snapshots too, so ours name
themselves (`ims_image`): one that names another is none of ours yet.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from imsconsole.core.errors import NotFound
from imsconsole.engine.openstack.cloud import Cloud
from imsconsole.engine.openstack.glance import Glance, Image
from imsconsole.engine.openstack.marks import (
    CONSOLE,
    ID,
    IMAGE,
    KIND,
    STORED,
    TOKEN,
    WORK,
    is_ours,
    mark_of,
    newest_first,
    parts_of,
    ref_of,
)
from imsconsole.engine.types import Foreign, Kind, Mark, Work


class Images:
    kind = Kind.STORED

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._console = cloud.settings.console
        self.glance = Glance(cloud)

    # what there is
    def all(self) -> Mapping[str, Mark]:
        return {_ref(image): mark_of(image) for image in self._ours() if self._is_whole(image)}

    def found(self, id: UUID) -> tuple[str, ...]:
        return tuple(map(_ref, self._whole(id)))

    def scraps(self) -> frozenset[str]:
        return frozenset(str(image[TOKEN]) for image in self._ours(**{KIND: WORK}))

    def running(self) -> frozenset[str]:
        return frozenset()

    def sweep(self, token: str, *, keep_captures: bool) -> None:
        for image in self._ours(**{KIND: WORK}):
            if str(image[TOKEN]).startswith(token):
                self.glance.delete(image["id"])

    def discard(self, ids: frozenset[UUID], token: str, *, work: Work, server: UUID | None) -> None:
        for id in ids:
            for image in self._ours(**{ID: str(id)}):
                if str(image[TOKEN]).startswith(token):
                    work.hold()
                    self.glance.delete(image["id"])

    def foreign(self) -> Iterable[Foreign]:
        for image in self.glance.list(owner=self._cloud.project):
            if not self._is_own(image):
                yield Foreign("image", str(image["id"]), str(image.get("name") or ""))

    def _ours(self, **query: str) -> Iterator[Image]:
        """Also those that are not whole. Others cannot give us theirs: it is our project's."""
        marks = {CONSOLE: self._console, "owner": self._cloud.project, **query}
        return (image for image in self.glance.list(**marks) if self._is_own(image))

    def _is_own(self, image: Image) -> bool:
        return is_ours(image, self._console) and image.get(IMAGE) == image["id"]

    def _is_whole(self, image: Image) -> bool:
        return image.get(KIND) == STORED and image["status"] == "active"

    def _whole(self, id: UUID) -> list[Image]:
        there = [image for image in self._ours(**{ID: str(id)}) if self._is_whole(image)]
        there.sort(key=lambda image: str(image["created_at"]), reverse=True)
        return newest_first((str(image[TOKEN]), image) for image in there)

    def stored(self, ref: str) -> Image:
        """The image of a stored disk. Raises NotFound."""
        id, image_id = parts_of(ref)
        image = self.glance.get(image_id, ref)
        if not (self._is_own(image) and self._is_whole(image) and image[ID] == str(id)):
            raise NotFound("no-such-bytes", ref=ref)
        return image


def _ref(image: Mapping[str, Any]) -> str:
    return ref_of(str(image[ID]), str(image["id"]))
