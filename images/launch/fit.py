"""Does an image fit a flavor? Asked while both are chosen, and again by the service (ims-facts §2.19)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.cloud.models import BootMode, Flavor
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.sentences import refuse_as
from imsconsole.engine.sizes import size_of
from imsconsole.engine.types import Capabilities

LIMIT_32_BIT_MB = 4096
FEATURES = {"secure_boot": _("Secure Boot"), "tpm": _("TPM")}  # attributes of images, and of capabilities


@dataclass(frozen=True)
class FlavorChoice:
    """A flavor one may choose, or why not."""

    thing: Flavor
    verdict: Verdict
    is_chosen: bool


def flavor_choices(image: Image | None, chosen: object, capabilities: Capabilities) -> list[FlavorChoice]:
    """All flavors, those that fit the image first, the others with the reason."""
    unchosen = refuse("no-image", _("Choose an image first."))
    choices = [
        FlavorChoice(flavor, fits(image, flavor, capabilities) if image else unchosen, flavor.pk == chosen)
        for flavor in Flavor.objects.filter(hidden=False)
    ]
    return sorted(choices, key=lambda choice: not choice.verdict)


def fits(image: Image, flavor: Flavor, capabilities: Capabilities) -> Verdict:
    """The first reason why servers of this flavor cannot be made from this image, or ALLOWED.

    First what the two are, then what the host lacks: its lack is named, and such a flavor never
    starts as a plain server. Load `image.os_version` with the image.
    """
    return next(_refusals(image, flavor, capabilities), ALLOWED)


def fits_system_disk(image: Image, size_gb: int) -> Verdict:
    """A system disk holds the image (R95) and is within the limits of system disks (C4)."""
    smallest, largest = settings.IMS_SYSTEM_DISK_GB
    smallest = max(smallest, image.min_disk_gb)
    if smallest <= size_gb <= largest:
        return ALLOWED
    return refuse(
        "system-disk-size",
        _("The system disk of a server made from this image has %(smallest)s to %(largest)s GB."),
        smallest=smallest,
        largest=largest,
    )


def _refusals(image: Image, flavor: Flavor, capabilities: Capabilities) -> Iterator[Verdict]:
    for refusal in (
        _use(image, flavor),
        _architecture(image, flavor),
        _series(image, flavor),
        _memory(image, flavor),
        _uefi_on_device(image, flavor),
        _host(image, flavor, capabilities),
        *(feature_fits(image, name, capabilities) for name in FEATURES),
    ):
        if not refusal:
            yield refusal


def _use(image: Image, flavor: Flavor) -> Verdict:
    """An ECS image cannot be used for a bare metal server, nor the reverse (R108)."""
    if flavor.bare_metal and image.use != Image.Use.BMS:
        return refuse(
            "fit-bare-metal",
            _("This flavor is a bare metal server, and the image is for cloud servers. Choose a BMS image."),
        )
    if image.use == Image.Use.BMS and not flavor.bare_metal:
        return refuse(
            "fit-cloud-server",
            _(
                "The image is for bare metal servers. Choose a bare metal flavor, or an image for cloud servers."
            ),
        )
    return ALLOWED


def _architecture(image: Image, flavor: Flavor) -> Verdict:
    if image.architecture == flavor.architecture:
        return ALLOWED
    return refuse(
        "fit-architecture",
        _(
            "The image is made for %(image)s, and the flavor is %(flavor)s. Choose one of the same architecture."
        ),
        image=told_of(image, "architecture"),
        flavor=told_of(flavor, "architecture"),
    )


def _series(image: Image, flavor: Flavor) -> Verdict:
    """The OS versions a flavor series supports (the operator's table of OS versions)."""
    os_version = image.os_version
    if os_version is None or os_version.runs_on_series(flavor.series):
        return ALLOWED
    return refuse(
        "fit-series",
        _("%(os)s is not supported by flavors of the series %(series)s. Choose one of: %(fitting)s."),
        os=os_version,
        series=flavor.series,
        fitting=", ".join(os_version.flavor_series),
    )


def _memory(image: Image, flavor: Flavor) -> Verdict:
    """The image's own limits of memory, and 4 GB for 32-bit systems (R99)."""
    if flavor.memory_mb < image.min_ram_mb:
        return refuse(
            "fit-memory-min",
            _("The image needs at least %(needed)s MB of memory, and the flavor has %(memory)s MB."),
            needed=image.min_ram_mb,
            memory=flavor.memory_mb,
        )
    if image.max_ram_mb and flavor.memory_mb > image.max_ram_mb:
        return refuse(
            "fit-memory-max",
            _("The image supports at most %(limit)s MB of memory, and the flavor has %(memory)s MB."),
            limit=image.max_ram_mb,
            memory=flavor.memory_mb,
        )
    if image.os_version and image.os_version.bits == 32 and flavor.memory_mb > LIMIT_32_BIT_MB:
        return refuse(
            "fit-32-bit",
            _(
                "A 32-bit system cannot use more than 4 GB of memory. Choose a smaller flavor or a 64-bit image."
            ),
        )
    return ALLOWED


def _uefi_on_device(image: Image, flavor: Flavor) -> Verdict:
    """GPU, NPU and encoding-card servers do not support UEFI private images (R12)."""
    private_uefi = image.category == Image.Category.PRIVATE and image.boot_mode == "uefi"
    if not (flavor.device and private_uefi):
        return ALLOWED
    return refuse(
        "fit-uefi-device",
        _(
            "Heterogeneous servers, with a GPU, NPU or encoding card, do not support private images that boot by UEFI."
        ),
    )


def _host(image: Image, flavor: Flavor, capabilities: Capabilities) -> Verdict:
    """What the host lacks. Without QEMU nothing starts, but servers with real disks can be made (design §5)."""
    if flavor.bare_metal and not capabilities.bare_metal:
        return refuse("host-bare-metal", _("There are no bare metal servers in this region."))
    if flavor.device and flavor.device not in capabilities.devices:
        return refuse(
            "host-device",
            _("The host of this region has no device of the kind “%(device)s”. Choose another flavor."),
            device=told_of(flavor, "device"),
        )
    if not has_flavor(flavor, capabilities):
        return refuse_as(
            "no-cloud-flavor", flavor=flavor.name, vcpus=flavor.vcpus, memory_mb=flavor.memory_mb
        )
    known = capabilities.architectures or frozenset({"x86"})
    if flavor.architecture not in known:
        return refuse(
            "host-architecture",
            _("The host of this region cannot run %(architecture)s servers. Choose another flavor."),
            architecture=told_of(flavor, "architecture"),
        )
    if capabilities.accelerator and 0 < capabilities.memory_mb < flavor.memory_mb:
        return refuse(
            "host-memory",
            _(
                "The host of this region has %(limit)s MB of memory for all its servers. Choose a smaller flavor."
            ),
            limit=capabilities.memory_mb,
        )
    if capabilities.boot_modes and image.boot_mode not in capabilities.boot_modes:
        if not capabilities.missing:
            return refuse(
                "region-boot-mode",
                _("The servers of this region do not boot by %(boot_mode)s. Choose another image."),
                boot_mode=told_of(image, "boot_mode"),
            )
        return refuse(
            "host-boot-mode",
            _(
                "The host of this region cannot boot by %(boot_mode)s because the package %(package)s is missing."
            ),
            boot_mode=told_of(image, "boot_mode"),
            package=", ".join(capabilities.missing),
        )
    return ALLOWED


def has_flavor(flavor: Flavor, capabilities: Capabilities) -> bool:
    """Whether servers of that size can be had, where not any can."""
    if not capabilities.sizes:
        return True
    return (
        flavor.name in capabilities.flavors or size_of(flavor.vcpus, flavor.memory_mb) in capabilities.sizes
    )


def feature_fits(image: Image, name: str, capabilities: Capabilities) -> Verdict:
    """A feature that the image asks for comes with UEFI, where the host has it."""
    if not getattr(image, name):
        return ALLOWED
    if image.boot_mode != BootMode.UEFI:
        return refuse(
            "feature-by-uefi",
            _("%(feature)s is for servers that boot by UEFI. Choose UEFI, or leave it out."),
            feature=FEATURES[name],
        )
    return host_has(image, name, capabilities)


def host_has(image: Image, name: str, capabilities: Capabilities) -> Verdict:
    """Whether servers of the image's CPU can have that feature. Where none starts, there is nothing to ask."""
    if not capabilities.boot_modes or image.architecture in getattr(capabilities, name):
        return ALLOWED
    if image.architecture in capabilities.architectures and capabilities.missing:
        return refuse(
            "host-feature-package",
            _(
                "The host of this region has no %(feature)s because the package %(package)s is missing. Ask the operator to "
                "install it."
            ),
            feature=FEATURES[name],
            package=", ".join(capabilities.missing),
        )
    return refuse(
        "host-feature",
        _("The host of this region has no %(feature)s for %(architecture)s servers."),
        feature=FEATURES[name],
        architecture=told_of(image, "architecture"),
    )
