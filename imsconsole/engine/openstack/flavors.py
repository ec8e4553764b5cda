"""Flavors: ours are numbers, a cloud's have names. Which one is meant is said by the region, or found by its size."""

import time
from collections.abc import Sequence

from imsconsole.core.errors import Unsupported
from imsconsole.engine.openstack.cloud import CloudSettings, Found
from imsconsole.engine.openstack.nova import Nova
from imsconsole.engine.sizes import meant
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

    def by_hand(self) -> frozenset[str]:
        """Those of ours that lead to one that is there by its name."""
        named = self._settings.flavors.items()
        return frozenset(ours for ours, theirs in named if theirs and meant(self.all(), theirs, 0, 0))

    def of(self, server: ServerSpec) -> Found:
        """The cloud's flavor for a server. Raises Unsupported `no-cloud-flavor`."""
        wanted = self._settings.flavors.get(server.flavor, "")
        if found := meant(self.all(), wanted, server.vcpus, server.memory_mb):
            return found
        named = {"flavor": server.flavor, "vcpus": server.vcpus, "memory_mb": server.memory_mb}
        raise Unsupported("no-cloud-flavor", **named)
