"""What this host can run, found out once per process.

`/dev/kvm` may exist and not work, so KVM counts only after it really ran a guest: a boot sector
that says a word and ends.
"""

import functools
import os
import subprocess
import tempfile
from pathlib import Path

from imsconsole.engine.local.limits import CLEAN_ENVIRONMENT, RunAs, missing_programs, wrapped
from imsconsole.engine.local.qemu_img import DRIVERS
from imsconsole.engine.types import Capabilities

QEMU = "qemu-system-x86_64"
KVM = Path("/dev/kvm")
OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
PROBE_LIMIT_S = 10
PROBE_WORD = b"IMS-PROBE"
ENDS = {
    "halt": b"",
    "reset": bytes.fromhex("b0fe e664"),  # mov al, 0xfe; out 0x64, al
    # sti; ah = 0x86, cx:dx = 0x100000 µs; int 0x15; dx = 0x604, ax = 0x2000; out dx, ax
    "poweroff": bytes.fromhex("fb b486 b91000 31d2 cd15 ba0406 b80020 ef"),
}


def host_capabilities(user: RunAs, accelerator: str) -> Capabilities:
    """What servers and images this host can hold; `accelerator` is auto, kvm or tcg."""
    qemu, qemu_img, uefi = not missing_programs(QEMU), not missing_programs("qemu-img"), OVMF_CODE.exists()
    packages = {"qemu-system-x86": qemu, "qemu-utils": qemu_img, "ovmf": uefi}
    return Capabilities(
        formats=frozenset(DRIVERS) if qemu_img else frozenset({"iso"}),
        architectures=frozenset({"x86"}) if qemu else frozenset(),
        boot_modes=frozenset({"bios", "uefi"} if uefi else {"bios"}) if qemu else frozenset(),
        encryption=qemu_img,
        screen=qemu,
        accelerator=chosen_accelerator(user, accelerator) if qemu else "",
        missing=tuple(name for name, there in packages.items() if not there),
    )


def chosen_accelerator(user: RunAs, wanted: str) -> str:
    """`kvm` when it is wanted and works, else `tcg`."""
    return "kvm" if wanted != "tcg" and kvm_works(user) else "tcg"


def kvm_groups() -> tuple[int, ...]:
    """The group that may open /dev/kvm; guests need it beside their own."""
    return (KVM.stat().st_gid,) if KVM.exists() and KVM.stat().st_gid else ()


@functools.cache
def kvm_works(user: RunAs) -> bool:
    """Whether KVM really runs a guest. Takes up to PROBE_LIMIT_S at its first call."""
    if not KVM.exists() or missing_programs(QEMU):
        return False
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - nothing but a boot sector in there
        disk = Path(folder, "disk")
        disk.write_bytes(boot_sector(PROBE_WORD.decode()))
        return PROBE_WORD in _run(disk, user)


def _run(disk: Path, user: RunAs) -> bytes:
    command = [QEMU, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-machine", "q35"]
    command += ["-accel", "kvm", "-m", "32", "-serial", "stdio", "-device", "virtio-blk-pci,drive=disk"]
    command += ["-blockdev", f"driver=raw,node-name=disk,read-only=on,file.driver=file,file.filename={disk}"]
    try:
        return subprocess.run(
            wrapped(command, user, dies_with_us=True, groups=kvm_groups()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_LIMIT_S,
            env=CLEAN_ENVIRONMENT,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as late:
        return late.stdout or b""


def boot_sector(text: str, *, end: str = "reset") -> bytes:
    """512 bytes that write `text` (at most 400 ASCII characters) to the first serial port.

    Then `end`: "reset" (by the keyboard controller: ends QEMU under -no-reboot), "halt", or
    "poweroff" (by ACPI, a second later).
    """
    code = bytes.fromhex(
        "fa"  # cli
        "31c0 8ed8"  # xor ax, ax; mov ds, ax
        "be 0000"  # mov si, the text's place, filled in below
        "baf803"  # mov dx, 0x3f8
        "ac"  # next: lodsb
        "84c0 7403"  # test al, al; jz end
        "ee ebf8"  # out dx, al; jmp next
    )
    code += ENDS[end] + bytes.fromhex("f4 ebfd")  # halt: hlt; jmp halt
    place = 0x7C00 + len(code)
    code = code.replace(bytes.fromhex("be0000"), b"\xbe" + place.to_bytes(2, "little"), 1)
    return (code + text.encode("ascii")[:400] + b"\0").ljust(510, b"\0") + b"\x55\xaa"
