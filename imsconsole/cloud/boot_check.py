"""Did a guest show life? What the firmware writes to the serial console is no sign of it."""

import re

# OVMF speaks on the serial port, too: its boot manager, its network boot, its shell
FIRMWARE = re.compile(
    r"""BdsDxe: .*
    |.*Start\ (PXE|HTTP)\ over\ IPv[46].*
    |\ *(PXE-E\d+|Error):\ .*
    |.*Media.Present.*
    |UEFI\ Interactive\ Shell.*|EDK\ II|UEFI\ v[\d.]+\ \(.*|map:\ .*|Mapping\ table
    |\ +(FS|BLK)\d+:.*|\ +(PciRoot|Alias).*|Press\ ESC\ in.*|Shell>\ *
    |.*[Nn]o\ bootable\ (device|option).*|Press\ any\ key\ to\ enter\ the\ Boot\ Manager\ Menu.*
    |\s*""",
    re.VERBOSE,
)


def shows_life(written: str) -> bool:
    """Whether anything but the firmware wrote this to the console (plain text, without escapes).

    A line that has not ended may yet become one of the firmware's: it does not count.
    """
    return any(not FIRMWARE.fullmatch(line) for line in written.split("\n")[:-1])
