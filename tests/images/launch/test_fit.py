"""Does an image fit a flavor? Each line of the table is a rule of the service."""

from dataclasses import replace

import pytest

from images.launch.fit import fits, fits_system_disk
from imsconsole.cloud.models import Flavor
from imsconsole.engine.types import Capabilities
from tests.factories import ImageFactory, OsVersionFactory

HOST = Capabilities(
    architectures=frozenset({"x86"}),
    boot_modes=frozenset({"bios", "uefi"}),
    accelerator="tcg",
    memory_mb=4096,
)
BIG_HOST = Capabilities(
    architectures=frozenset({"x86", "arm"}),
    boot_modes=frozenset({"bios", "uefi"}),
    devices=frozenset({"gpu", "npu", "encoder"}),
    bare_metal=True,
    accelerator="kvm",
    memory_mb=1024**2,
)
NO_QEMU = Capabilities(missing=("qemu-system-x86", "ovmf"))
NO_OVMF = Capabilities(
    architectures=frozenset({"x86"}),
    boot_modes=frozenset({"bios"}),
    accelerator="tcg",
    memory_mb=4096,
    missing=("ovmf",),
)
ARM = {"architecture": "arm", "boot_mode": "uefi"}
X86 = frozenset({"x86"})
CLOUD = replace(
    HOST, accelerator="cloud", memory_mb=0, sizes=frozenset({"1x512"}), flavors=frozenset({"by-hand"})
)
NO_SWTPM = replace(HOST, secure_boot=X86, missing=("swtpm",))
FEATURES = {"boot_mode": "uefi", "secure_boot": True, "tpm": True}
CASES = [
    # rule, image, OS version, flavor, host, code of the refusal
    ("plain", {}, {}, {}, HOST, ""),
    ("UEFI", {"boot_mode": "uefi"}, {}, {}, HOST, ""),
    ("no QEMU: real disks, started later", {}, {}, {}, NO_QEMU, ""),
    ("R108 ECS image, bare metal", {}, {}, {"bare_metal": True}, BIG_HOST, "fit-bare-metal"),
    ("R108 BMS image, ECS", {"use": "bms"}, {}, {}, BIG_HOST, "fit-cloud-server"),
    ("BMS image, bare metal", {"use": "bms"}, {}, {"bare_metal": True}, BIG_HOST, ""),
    ("architecture x86 on Arm", {}, {}, {"architecture": "arm"}, BIG_HOST, "fit-architecture"),
    ("architecture Arm on x86", ARM, {}, {}, BIG_HOST, "fit-architecture"),
    ("architecture Arm on Arm", ARM, {}, {"architecture": "arm"}, BIG_HOST, ""),
    ("OS of other series", {}, {"flavor_series": ["c6", "m6"]}, {}, HOST, "fit-series"),
    ("OS of this series", {}, {"flavor_series": ["s6"]}, {}, HOST, ""),
    ("min memory", {"min_ram_mb": 512}, {}, {"memory_mb": 256}, HOST, "fit-memory-min"),
    ("min memory reached", {"min_ram_mb": 256}, {}, {"memory_mb": 256}, HOST, ""),
    ("max memory", {"max_ram_mb": 128}, {}, {"memory_mb": 256}, HOST, "fit-memory-max"),
    ("R99 32-bit over 4 GB", {}, {"bits": 32}, {"memory_mb": 4097}, HOST, "fit-32-bit"),
    ("R99 32-bit at 4 GB", {}, {"bits": 32}, {"memory_mb": 4096}, HOST, ""),
    ("R12 private UEFI, GPU", {"boot_mode": "uefi"}, {}, {"device": "gpu"}, BIG_HOST, "fit-uefi-device"),
    ("R12 private UEFI, NPU", {"boot_mode": "uefi"}, {}, {"device": "npu"}, BIG_HOST, "fit-uefi-device"),
    (
        "R12 private UEFI, encoder",
        {"boot_mode": "uefi"},
        {},
        {"device": "encoder"},
        BIG_HOST,
        "fit-uefi-device",
    ),
    ("R12 private BIOS, GPU", {}, {}, {"device": "gpu"}, BIG_HOST, ""),
    ("R12 says private only", {"boot_mode": "uefi", "public": True}, {}, {"device": "gpu"}, BIG_HOST, ""),
    ("host without GPU", {}, {}, {"device": "gpu"}, HOST, "host-device"),
    ("host without bare metal", {"use": "bms"}, {}, {"bare_metal": True}, HOST, "host-bare-metal"),
    ("host without Arm", ARM, {}, {"architecture": "arm"}, HOST, "host-architecture"),
    ("host without Arm, nor QEMU", ARM, {}, {"architecture": "arm"}, NO_QEMU, "host-architecture"),
    ("host with less memory", {}, {}, {"memory_mb": 8192}, HOST, "host-memory"),
    ("cloud with a flavor of that size", {}, {}, {"memory_mb": 512}, CLOUD, ""),
    ("cloud without one", {}, {}, {"memory_mb": 513}, CLOUD, "no-cloud-flavor"),
    ("cloud with one that is named", {}, {}, {"name": "by-hand", "memory_mb": 513}, CLOUD, ""),
    ("features of UEFI", FEATURES, {}, {}, replace(HOST, secure_boot=X86, tpm=X86), ""),
    ("host without swtpm", FEATURES, {}, {}, NO_SWTPM, "host-feature-package"),
    (
        "host with features of other CPUs",
        ARM | FEATURES,
        {},
        {"architecture": "arm"},
        BIG_HOST,
        "host-feature",
    ),
    ("features without QEMU: real disks", FEATURES, {}, {}, NO_QEMU, ""),
    ("host without OVMF", {"boot_mode": "uefi"}, {}, {}, NO_OVMF, "host-boot-mode"),
]


@pytest.mark.parametrize(
    ("rule", "image", "os", "flavor", "host", "code"), CASES, ids=[case[0] for case in CASES]
)
@pytest.mark.django_db
def test_an_image_fits_a_flavor(rule, image, os, flavor, host, code) -> None:
    image = dict(image)
    if image.pop("public", False):
        image |= {"project": None, "category": "public"}
    made = ImageFactory(**image, os_version=OsVersionFactory(name="Some OS", **os))
    verdict = fits(
        made, Flavor(**{"name": "s6-x", "series": "s6", "vcpus": 1, "memory_mb": 256, **flavor}), host
    )
    assert verdict.code == code
    assert bool(verdict.reason) == bool(code)


@pytest.mark.django_db
def test_an_image_without_an_os_version_fits_every_series() -> None:
    image = ImageFactory(os_version=None)
    assert fits(image, Flavor(name="x", series="odd", vcpus=1, memory_mb=256), HOST)


@pytest.mark.parametrize(
    ("size_gb", "code"), [(9, "system-disk-size"), (10, ""), (1024, ""), (1025, "system-disk-size")]
)
@pytest.mark.django_db
def test_the_system_disk_holds_the_image_and_is_within_its_limits(size_gb, code) -> None:
    """R95, C4."""
    assert fits_system_disk(ImageFactory(min_disk_gb=10), size_gb).code == code


@pytest.mark.django_db
def test_what_the_host_lacks_is_named() -> None:
    image = ImageFactory()
    gpu = Flavor(name="p2", series="p2", vcpus=1, memory_mb=256, device="gpu")
    assert "GPU" in str(fits(image, gpu, HOST).reason)
    uefi = ImageFactory(boot_mode="uefi")
    tpm = ImageFactory(boot_mode="uefi", tpm=True)
    assert "swtpm" in str(fits(tpm, Flavor(name="x", series="x", vcpus=1, memory_mb=256), NO_SWTPM).reason)
    assert "ovmf" in str(fits(uefi, Flavor(name="x", series="x", vcpus=1, memory_mb=256), NO_OVMF).reason)
