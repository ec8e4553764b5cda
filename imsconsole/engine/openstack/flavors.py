"""Flavors: ours are numbers, a cloud's have names. Which one is meant is said by the region, or found by its size."""

import time
from collections.abc import Sequence

from imsconsole.core.errors import Unsupported
from imsconsole.engine.openstack.cloud import CloudSettings
from imsconsole.engine.openstack.nova import Found, Nova
from imsconsole.engine.types import ServerSpec

KEPT_S = 60.0  # how long what a cloud said of its flavors is believed


class Flavors:
    def __init__(self, settings: CloudSettings, nova: Nova) -> None:
        self._settings, self._nova = settings, nova
        self._there: Sequence[Found] = ()
        self._asked_at = float("-inf")

    def all(self) -> Sequence[Found]:
        """Those of the cloud, as it describes them."""
        if time.monotonic() > self._asked_at + KEPT_S:
            self._there, self._asked_at = self._nova.flavors(), time.monotonic()
        return self._there

    def of(self, server: ServerSpec) -> Found:
        """The cloud's flavor for a server. Raises Unsupported `no-cloud-flavor`."""
        wanted = self._settings.flavors.get(server.flavor, "")
        if found := meant(self.all(), wanted, server.vcpus, server.memory_mb):
            return found
        named = {"flavor": server.flavor, "vcpus": server.vcpus, "memory_mb": server.memory_mb}
        raise Unsupported("no-cloud-flavor", **named)


def meant(there: Sequence[Found], name: str, vcpus: int, memory_mb: int) -> Found | None:
    """The flavor of that name or ID; without a name the plainest one of that size: servers bring disks of their own."""
    if name:
        return next((each for each in there if name in (each["name"], each["id"])), None)
    fits = [each for each in there if (each["vcpus"], each["ram"]) == (vcpus, memory_mb)]
    return min(fits, key=_plainness, default=None)


def _plainness(flavor: Found) -> tuple[bool, bool, int, str]:
    has_more = bool(flavor["OS-FLV-EXT-DATA:ephemeral"] or flavor["swap"])
    return has_more, bool(flavor.get("extra_specs")), flavor["disk"], flavor["name"]
