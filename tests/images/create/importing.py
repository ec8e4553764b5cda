"""What the tests of uploads and imports share: disk files, forms as a browser sends them, what is left over."""

import os
import subprocess
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from images.create.rules import Import
from images.create.services import import_image
from images.models import Image, Upload
from images.receiving.receiver import Receiver
from images.uploads.found import examine_file, with_hash
from images.uploads.services import complete_upload, start_upload
from imsconsole.accounts.actor import Actor
from imsconsole.jobs.models import Job

MIB = 1024**2
SIZE = 4 * MIB
CREATE = "/images/create/"
# name of a file → what qemu-img makes of the raw disk
FORMATS = {
    "disk.raw": ("raw",),
    "disk.qcow2": ("qcow2",),
    "sparse.vmdk": ("vmdk", "-o", "subformat=monolithicSparse"),
    "stream.vmdk": ("vmdk", "-o", "subformat=streamOptimized"),
    "dynamic.vhd": ("vpc",),
    "fixed.vhd": ("vpc", "-o", "subformat=fixed,force_size=on"),
    "disk.vhdx": ("vhdx",),
    "disk.vdi": ("vdi",),
}
ISOS = {
    "grub-rescue-cdrom.iso": Path("/usr/lib/grub-rescue/grub-rescue-cdrom.iso"),
    "ipxe.iso": Path("/usr/lib/ipxe/ipxe.iso"),
}
# as they are published
ISO_NAMES = (
    "debian-12.5.0-amd64-netinst.iso",
    "memtest86+x64.iso",
    "Windows Server 2022 (x64).ISO",
    "银河麒麟 V10.iso",
)
DETAILS: dict[str, Any] = {
    "details-name": "web server",
    "details-os_version": "",
    "details-architecture": "x86",
    "details-boot_mode": "bios",
    "details-min_disk_gb": "1",
    "details-min_ram_mb": "512",
    "details-max_ram_mb": "",
    "details-description": "made of a file",
    "details-tags": "team=web\nempty=",
}


def make_disks(folder: Path) -> Path:
    """A small disk with a partition and content, in every format that is accepted: copies, each test has its own."""
    subprocess.run(["cp", "-R", f"{_disks()}/.", folder], check=True)
    return folder


@cache
def _disks() -> Path:
    """They are made once by each process of a run, which removes them with its data."""
    folder = Path(mkdtemp(prefix="disks-", dir=os.environ["IMS_TEST_DIR"]))
    raw = folder / "disk.raw"
    with raw.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(
        ["sfdisk", "-q", "--no-tell-kernel", raw],
        input="label: dos\n,,83,*\n",
        text=True,
        check=True,
        capture_output=True,
    )
    with raw.open("r+b") as file:
        file.write(b"\xfa\x31\xc0")
        file.seek(2 * MIB)
        file.write(b"the content of a disk " * 4096)
    for name, (kind, *options) in FORMATS.items():
        if name != "disk.raw":
            convert = ["qemu-img", "convert", "-f", "raw", "-O", kind, *options, raw, folder / name]
            subprocess.run(convert, check=True, capture_output=True)
    return folder


def sent(content: bytes, name: str = "disk.raw", **fields: str) -> dict[str, Any]:
    """Step 1 as a browser sends it."""
    return {"type": "system", "format": "", "sha256": "", **fields, "file": SimpleUploadedFile(name, content)}


def uploaded(actor: Actor, path: Path, *, examined: bool = True) -> Upload:
    """A complete upload of a file, as any way in makes it; `examined`: the finished file, too."""
    upload = start_upload(name=path.name, size_bytes=path.stat().st_size, actor=actor)
    receiver = Receiver(upload)
    with path.open("rb") as file:
        while chunk := file.read(300_000):
            receiver.feed(chunk)
    found = receiver.finish()
    receiver.close()
    if examined:
        seen = examine_file(upload.path, claimed=found.format)
        found = with_hash(seen, found.sha256)
    return complete_upload(upload, found, actor=actor)


def imported(actor: Actor, path: Path, *, examined: bool = True, **fields: Any) -> SimpleNamespace:
    """An image and its job, waiting."""
    given = {"name": path.name, "type": "system", "min_disk_gb": 1, **fields}
    image = import_image(Import(upload=uploaded(actor, path, examined=examined), **given), actor=actor)
    return SimpleNamespace(image=image, job=Job.objects.about(image.pk).get())


def upload_files() -> list[str]:
    return sorted(path.name for path in Path(settings.UPLOAD_DIR).glob("*"))


def work_files() -> list[str]:
    return sorted(path.name for path in (Path(settings.DATA_DIR) / "work").glob("*"))


def draft_after(client: Client, content: bytes, **fields: str) -> str:
    """Step 1 passed: the address of step 2."""
    response = client.post(CREATE, sent(content, **fields))
    assert response.status_code == 302, response.content.decode()
    return response["Location"]


def image_of(response: Any) -> Image:
    return Image.objects.get(pk=response["Location"].rstrip("/").rsplit("/", 1)[1])


def multipart(*parts: tuple[str, str, bytes], boundary: str = "XXboundaryXX") -> bytes:
    """A body by hand: (field, file name or empty, content)."""
    body = BytesIO()
    for field, name, content in parts:
        file = f'; filename="{name}"' if name else ""
        body.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"{file}\r\n\r\n'.encode())
        body.write(content + b"\r\n")
    body.write(f"--{boundary}--\r\n".encode())
    return body.getvalue()
