"""Stored disks for another project of the cloud: lent to it as long as volumes are made of them there.

An image that is `shared` is seen by its members alone; one that has not accepted it may read it by its ID, and has it on no list.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from imsconsole.core.errors import ImsError
from imsconsole.engine.openstack.cloud import Cloud
from imsconsole.engine.openstack.glance import Glance, Image
from imsconsole.engine.openstack.marks import CONSOLE, IMAGE, is_ours


class Lending:
    def __init__(self, glance: Glance, owner: Cloud, borrower: Cloud) -> None:
        self._glance, self._owner, self._borrower = glance, owner, borrower

    @contextmanager
    def of(self, image: Image | None, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """It is taken back in the end, unless it `is_wanted` by others there."""
        if image is None or not self._is_needed(image):
            yield
            return
        if image["visibility"] == "private":
            self._glance.change(image["id"], {"visibility": "shared"})
        self._glance.add_member(image["id"], self._borrower.project)
        try:
            yield
        finally:
            with suppress(ImsError):  # whoever makes the next one takes it back, or it goes with the image
                if not is_wanted():
                    self._glance.remove_member(image["id"], self._borrower.project)

    def end(self, is_wanted: Callable[[], bool]) -> None:
        """Take back all that is lent there, unless volumes are being made of it: whoever was killed has not."""
        if self._borrower is self._owner or is_wanted():
            return
        console, owner = self._owner.settings.console, self._owner.project
        marks = {CONSOLE: console, "owner": owner, "visibility": "shared", "member_status": "all"}
        for image in Glance(self._borrower).list(**marks):
            if is_ours(image, console) and image.get(IMAGE) == image["id"]:
                self._glance.remove_member(image["id"], self._borrower.project)

    def was_cut(self, image: Image | None) -> bool:
        """Whether somebody has taken it back who did not see that it is wanted."""
        if image is None or not self._is_needed(image):
            return False
        return self._borrower.project not in self._glance.members(image["id"])

    def _is_needed(self, image: Image) -> bool:
        return self._borrower is not self._owner and image["visibility"] != "public"
