"""The cloud's own images, which it lends to everyone: what they say of themselves, in our words."""

from imsconsole.engine.openstack.glance import Image
from imsconsole.engine.openstack.kept import described
from imsconsole.engine.types import PublicImage

ADOPTED = ("qcow2", "raw", "iso")
ARCHITECTURES = {
    "x86_64": "x86", "amd64": "x86", "i686": "x86", "i386": "x86", "aarch64": "arm", "arm64": "arm",
}  # fmt: skip
BOOT_MODES = {"uefi": "uefi", "bios": "bios"}


def public_image(image: Image) -> PublicImage:
    def said(name: str) -> str:
        return str(image.get(name) or "").strip().lower()

    disk = described(image)
    return PublicImage(
        cloud_id=str(image["id"]),
        name=str(image.get("name") or ""),
        format=disk.format,
        size_bytes=disk.size_bytes,
        virtual_size_bytes=int(image.get("virtual_size") or 0),
        min_disk_gb=int(image["min_disk"]),
        min_memory_mb=int(image["min_ram"]),
        checksum=disk.checksum,
        owner=str(image.get("owner") or ""),
        architecture=ARCHITECTURES.get(said("architecture") or said("hw_architecture"), ""),
        boot_mode=BOOT_MODES.get(said("hw_firmware_type"), ""),
        os_id=said("os_distro"),
        os_version=said("os_version"),
    )
