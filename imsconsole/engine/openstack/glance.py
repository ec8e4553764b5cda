"""Glance's API, as far as we need it: images as it describes them, and their bytes in both directions."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from io import BufferedReader
from typing import Any, BinaryIO

from openstack import exceptions as sdk
from requests import Response

from imsconsole.core.errors import BadImage, Conflict, NotFound, Unavailable
from imsconsole.engine.openstack.cloud import Cloud, Found
from imsconsole.engine.openstack.streams import PIECE_BYTES, Body, Reader, sent
from imsconsole.engine.types import Work

PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
BYTES = {"Content-Type": "application/octet-stream", "Accept": ""}
CONNECT_S, STORED_S = 30.0, 3600.0  # the latter until a store has put away what it was sent
ONCE: dict[str, Any] = {"connect_retries": 0, "status_code_retries": 0}
Image = Found


class Glance:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ask = partial(cloud.ask, "image")

    def get(self, image_id: str, ref: str = "") -> Image:
        """Raises NotFound."""
        found: Image = self._ask("GET", f"/images/{image_id}", ref).json()
        return found

    def list(self, **query: str) -> Iterator[Image]:
        """Images for which all of `query` holds: properties of ours too."""
        path: str | None = "/images"
        params: Mapping[str, str] | None = {"limit": "500", **query}
        while path:
            page = self._ask("GET", path, params=params).json()
            yield from page["images"]
            path, params = page.get("next"), None
            path = path and path.removeprefix("/v2")

    def create(self, image_id: str, **values: Any) -> Image:
        """One without bytes. One that an answer was lost of is there already."""
        try:
            made: Image = self._ask("POST", "/images", json={"id": image_id, **values}).json()
        except Exception as error:
            if isinstance(error.__cause__, sdk.ConflictException):
                return self.get(image_id)
            raise
        return made

    def change(self, image_id: str, values: Mapping[str, str], ref: str = "") -> Image:
        """Give it properties, all of them or none. Raises NotFound."""
        steps = [{"op": "add", "path": f"/{name}", "value": value} for name, value in values.items()]
        changed: Image = self._ask("PATCH", f"/images/{image_id}", ref, headers=PATCH, json=steps).json()
        return changed

    def members(self, image_id: str) -> set[str]:
        """The projects that it is lent to, by their IDs. Raises NotFound."""
        there = self._ask("GET", f"/images/{image_id}/members").json()["members"]
        return {str(each["member_id"]) for each in there}

    def add_member(self, image_id: str, project: str) -> None:
        """One that is there already stays. Raises NotFound."""
        with suppress(Conflict):
            self._ask("POST", f"/images/{image_id}/members", json={"member": project})

    def remove_member(self, image_id: str, project: str) -> None:
        with suppress(NotFound):
            self._ask("DELETE", f"/images/{image_id}/members/{project}")

    def delete(self, image_id: str) -> None:
        """One that is missing is deleted."""
        try:
            self._ask("DELETE", f"/images/{image_id}")
        except NotFound:
            return

    def upload(self, image_id: str, body: Body, work: Work) -> None:
        """Give an image its bytes, once. Raises what the work or the source raises too, BadImage when Glance does not take them."""
        path, patient = f"/images/{image_id}/file", (CONNECT_S, STORED_S)

        def send(body: Body) -> None:
            self._ask("PUT", path, data=body, headers=BYTES, timeout=patient, **ONCE)

        try:
            sent(send, body, work)
        except Unavailable as error:
            if getattr(error.__cause__, "status_code", 0) in (400, 415):
                raise BadImage("cloud-refuses-image", detail=error.values["detail"]) from error
            raise

    def open(self, image: Image, offset: int = 0, ref: str = "") -> BinaryIO:
        """Raises NotFound."""
        path = f"/images/{image['id']}/file"

        def ask(offset: int) -> Response:
            headers = {"Accept": "*/*", **({"Range": f"bytes={offset}-"} if offset else {})}
            return self._ask("GET", path, ref, headers=headers, stream=True)

        return BufferedReader(Reader(ask, offset, int(image["size"])), PIECE_BYTES)

    def read(self, image: Image, offset: int, length: int) -> bytes:
        """So many bytes from an offset on; less at the end. Raises NotFound."""
        if (length := min(length, int(image["size"]) - offset)) <= 0:
            return b""
        headers = {"Accept": "*/*", "Range": f"bytes={offset}-{offset + length - 1}"}
        answer = self._ask("GET", f"/images/{image['id']}/file", headers=headers, stream=True)
        if answer.status_code == 206:
            return answer.content
        answer.close()  # a store that cannot begin anywhere
        with self.open(image, offset) as stream:
            return stream.read(length)
