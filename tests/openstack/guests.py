"""Real guests in a cloud, and what they print."""

import re
import subprocess
from pathlib import Path
from uuid import uuid4

from imsconsole.demo.guest import built_guest
from imsconsole.engine.openstack import OpenStackEngine
from imsconsole.engine.types import FileSource, StoredDisk
from tests.engine.guests import TestWork

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4Zy3HTyrpGRhM7D0Aq4uPS3w3WJFKcVpqNNeJbOhqv me"
KEY_PRINT = "SHA256:sTj7ctrVa1syQnBubl2HmWto1Lgb+JzpV3wXit5h/n4"
SIZE = re.compile(r"disk (vd.) serial=\S+ bytes=(\d+)")
MARKER = re.compile(r"disk (vd.) marker=(.*)")
SAYS = "IMS-GUEST "


def stored_guest(engine: OpenStackEngine, cache: Path, place: Path, name: str) -> StoredDisk:
    """A system that says who it is on its serial console, and what it has."""
    disk, packed = built_guest(cache, name=name, boot_mode="bios"), place / f"{uuid4().hex}.qcow2"
    subprocess.run(["qemu-img", "convert", "-c", "-O", "qcow2", disk, packed], check=True)
    return engine.ingest(uuid4(), FileSource(packed), format="qcow2", work=TestWork())


def lines_of(log: str) -> dict[str, str]:
    """What it said last of each: `mac`, `address`, `user-data`, `vda bytes`, `vdb marker` …"""
    said = {}
    for line in log.splitlines():
        words = line.removeprefix(SAYS)
        if found := SIZE.fullmatch(words):
            said[f"{found[1]} bytes"] = found[2]
        elif found := MARKER.fullmatch(words):
            said[f"{found[1]} marker"] = found[2]
        elif words != line:
            name, _, value = words.replace(": ", "=", 1).partition("=")
            said[name] = value
    return said
