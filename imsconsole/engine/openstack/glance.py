"""Glance's API, as far as we need it: images as it describes them, and their bytes in both directions."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from openstack import exceptions as sdk
from requests import Response

from imsconsole.core.errors import NotFound
from imsconsole.engine.openstack.cloud import Cloud, asked
from imsconsole.engine.types import MIB

PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
BYTES = {"Content-Type": "application/octet-stream", "Accept": ""}
ANSWER_S = 3600.0  # until a store has put away what it was sent
TRIES = 5  # to go on after a connection was cut, without a byte in between
PIECE_BYTES = MIB
LOOK_S = 0.5
ONCE: dict[str, Any] = {"connect_retries": 0, "status_code_retries": 0}
Image = Mapping[str, Any]
Progress = Callable[[int], None]  # bytes


class Glance:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def _ask(self, verb: str, path: str, ref: str = "", **more: Any) -> Response:
        """Raises as `asked`."""
        with asked(ref):
            answer: Response = self._cloud.sdk.image.request(path, verb, **more)
            sdk.raise_from_response(answer)
            return answer

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

    def delete(self, image_id: str) -> None:
        """One that is missing is deleted."""
        try:
            self._ask("DELETE", f"/images/{image_id}")
        except NotFound:
            return
