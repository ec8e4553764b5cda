"""Which flavor of a cloud one of ours is: its region says so by name, or it is found by its size."""

from collections.abc import Mapping, Sequence
from typing import Any

CloudFlavor = Mapping[str, Any]  # as Nova describes one


def meant(there: Sequence[CloudFlavor], name: str, vcpus: int, memory_mb: int) -> CloudFlavor | None:
    """The flavor of that name or ID; without a name the plainest one of that size: servers bring disks of their own."""
    if name:
        return next((each for each in there if name in (each["name"], each["id"])), None)
    fits = [each for each in there if (each["vcpus"], each["ram"]) == (vcpus, memory_mb)]
    return min(fits, key=_plainness, default=None)


def _plainness(flavor: CloudFlavor) -> tuple[bool, bool, int, str]:
    has_more = bool(flavor["OS-FLV-EXT-DATA:ephemeral"] or flavor["swap"])
    return has_more, bool(flavor.get("extra_specs")), flavor["disk"], flavor["name"]


def size_of(vcpus: int, memory_mb: int) -> str:
    """As of `Capabilities.sizes`."""
    return f"{vcpus}x{memory_mb}"
