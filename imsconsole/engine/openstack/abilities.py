"""What a region on a cloud can do, and how much it may have."""

from collections.abc import Iterator
from contextlib import suppress

from imsconsole.core.errors import NotFound
from imsconsole.engine.conversion.limits import missing_programs
from imsconsole.engine.conversion.qemu_img import DRIVERS
from imsconsole.engine.openstack.cloud import Cloud, CloudSettings, Found
from imsconsole.engine.openstack.flavors import Flavors
from imsconsole.engine.sizes import size_of
from imsconsole.engine.types import GIB, MIB, Capabilities, Space


def capabilities(settings: CloudSettings, flavors: Flavors, *, isolated: bool) -> Capabilities:
    """As the operator says where no cloud tells its members; it is asked for its flavors alone. Raises as `asked`.

    `isolated` is of conversions on this host; guests are the cloud's affair.
    """
    converts = not missing_programs("qemu-img")
    return Capabilities(
        formats=frozenset(DRIVERS) if converts else frozenset({"iso"}),
        architectures=settings.architectures,
        boot_modes=settings.boot_modes,
        screen=settings.screen,
        serial=settings.serial,
        resize=True,
        grow_in_use=settings.grow_in_use,
        seeds=frozenset({"config-2"}),
        resumable_transfer=True,
        accelerator="cloud",
        sizes=frozenset(size_of(each["vcpus"], each["ram"]) for each in flavors.all()),
        flavors=flavors.by_hand(),
        missing=() if converts else ("qemu-utils",),
        isolated=isolated,
    )


def free_space(store: Cloud, place: Cloud) -> Space | None:
    """What is left of the quota that is used up first, of images in the one and of disks in the other; None where there is none."""
    return min(_quotas(store, place), key=lambda each: each.free_bytes, default=None)


def _quotas(store: Cloud, place: Cloud) -> Iterator[Space]:
    limits = place.ask("block_storage", "GET", "/limits").json()["limits"]["absolute"]
    images = _usage_of_images(store).get("image_size_total", {})
    for unit, limit, used in (
        (MIB, images.get("limit", -1), images.get("usage", 0)),
        (GIB, limits.get("maxTotalVolumeGigabytes", -1), limits.get("totalGigabytesUsed", 0)),
    ):
        if limit >= 0:
            yield Space(max(0, limit - used) * unit, limit * unit)


def _usage_of_images(cloud: Cloud) -> Found:
    """Older ones do not tell."""
    with suppress(NotFound):
        found: Found = cloud.ask("image", "GET", "/info/usage").json().get("usage", {})
        return found
    return {}
