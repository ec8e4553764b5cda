"""What is put in: a few tiny disks made from the seed, in the formats people bring, and their publisher."""

import hashlib
import random
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imsconsole.engine.local.probe import boot_sector
from imsconsole.engine.types import MIB
from tests.images.public.conftest import ENTRY
from tests.support.file_server import Server

SIZE = 1 * MIB


class Contents:
    """By tag: `boot…` become system disks and say their tag on the serial port, `data…` data disks; `blank` is empty."""

    tags = ("boot1", "boot2", "boot3", "data1", "data2")

    def __init__(self, folder: Path, publisher: Server, seed: str) -> None:
        self.folder, self.publisher, self._published = folder, publisher, 0
        self.wrong_downloads: list[str] = []
        self.downloads = 0
        folder.mkdir()
        rng = random.Random(seed)
        for tag in self.tags:
            self.file(tag, "raw").write_bytes(first_sector(tag) + rng.randbytes(SIZE - 512))
        self.file("blank", "raw").write_bytes(bytes(512))
        self.publish_anew()

    def file(self, tag: str, form: str) -> Path:
        return self.folder / f"{tag}.{form}"

    def converted(self, tag: str, form: str) -> Path:
        """The same disk in that format."""
        made = self.file(tag, form)
        if form != "raw" and not made.exists():
            convert = ["qemu-img", "convert", "-f", "raw", "-O", form, self.file(tag, "raw"), made]
            subprocess.run(convert, check=True, capture_output=True)
        return made

    def convert_all(self) -> None:
        """Before something is killed that is called like a converter of the console."""
        for tag in self.tags:
            for form in ("qcow2", "vmdk"):
                self.converted(tag, form)

    def sha256(self, file: Path) -> str:
        return hashlib.sha256(file.read_bytes()).hexdigest()

    def knows(self, tag: str) -> bool:
        return tag in self.tags or tag == "blank"

    def publish_anew(self) -> None:
        """The publisher has a new version of the same disk."""
        self._published += 1
        body = self.converted("boot1", "qcow2").read_bytes() + bytes(512 * self._published)
        sums = f"{hashlib.sha256(body).hexdigest()}  one.qcow2\n"
        self.publisher.files = {"/one.qcow2": body, "/SHA256SUMS": sums.encode()}

    def catalogue(self) -> str:
        url, sums = self.publisher.url("/one.qcow2"), self.publisher.url("/SHA256SUMS")
        entry = ENTRY.format(key="one", url=url, sums=sums, compression="")
        return entry.replace('name = "One"', 'name = "boot1-official"')

    def compare_download(self, row: Any, body: bytes, headers: Mapping[str, str]) -> None:
        """Whether a download that ended without an error is what its row says."""
        self.downloads += 1
        if len(body) == int(headers["Content-Length"]) and hashlib.sha256(body).hexdigest() != row.sha256:
            self.wrong_downloads.append(f"{row.key} ({row.pk})")


def first_sector(tag: str) -> bytes:
    """It boots, and has a partition table, by which a raw disk is known."""
    sector = bytearray(boot_sector(f"{tag}\r\n", end="halt"))
    sector[446:462] = struct.pack("<B3xB3xII", 0, 0x83, 1, SIZE // 512 - 1)
    return bytes(sector)
