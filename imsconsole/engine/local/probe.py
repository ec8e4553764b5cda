"""What is installed on this host, and the smallest guest there is."""

from pathlib import Path

from imsconsole.engine.conversion.limits import missing_programs
from imsconsole.engine.conversion.qemu_img import DRIVERS
from imsconsole.engine.local.measuring import MEASURES
from imsconsole.engine.types import Capabilities

QEMU = "qemu-system-x86_64"
OVMF_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
OVMF_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
SECURE_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.ms.fd")
SECURE_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")  # with the keys of those whose signatures count
SWTPM = "swtpm"
ENDS = {
    "halt": b"",
    "reset": bytes.fromhex("b0fe e664"),  # mov al, 0xfe; out 0x64, al
    # sti; ah = 0x86, cx:dx = 0x100000 µs; int 0x15; dx = 0x604, ax = 0x2000; out dx, ax
    "poweroff": bytes.fromhex("fb b486 b91000 31d2 cd15 ba0406 b80020 ef"),
}


def host_capabilities(accelerator: str) -> Capabilities:
    """What servers and images this host can hold; `accelerator` is what guests would run with."""
    qemu, qemu_img, swtpm = (not missing_programs(name) for name in (QEMU, "qemu-img", SWTPM))
    uefi, secure = OVMF_CODE.exists(), SECURE_CODE.exists()
    packages = {"qemu-system-x86": qemu, "qemu-utils": qemu_img, "ovmf": uefi and secure, "swtpm": swtpm}
    x86 = frozenset({"x86"}) if qemu else frozenset()
    return Capabilities(
        formats=frozenset(DRIVERS) if qemu_img else frozenset({"iso"}),
        architectures=x86,
        boot_modes=frozenset({"bios", "uefi"} if uefi else {"bios"}) if qemu else frozenset(),
        encryption=qemu_img,
        screen=qemu,
        serial=qemu,
        resize=True,
        tray=qemu,
        secure_boot=x86 if secure else frozenset(),
        tpm=x86 if uefi and swtpm else frozenset(),
        grow_in_use=True,
        seeds=frozenset({"nocloud"}),
        instant_copy=True,
        resumable_transfer=True,
        byte_progress=True,
        stop_grace=True,
        measures=MEASURES,
        accelerator=accelerator if qemu else "",
        missing=tuple(name for name, there in packages.items() if not there),
    )


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
