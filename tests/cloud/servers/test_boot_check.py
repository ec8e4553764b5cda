"""What counts as a sign of life on a serial console."""

import pytest

from imsconsole.cloud.servers.boot_check import shows_life

# what OVMF writes when nothing on the disk boots
OVMF = """BdsDxe: failed to load Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x3,0x0): Not Found
BdsDxe: loading Boot0002 "EFI Internal Shell" from Fv(7CB8BDC9-F8EB-4F34-AAEA-3EE4AF6516A1)
>>Start PXE over IPv4.
  PXE-E16: No valid offer received.
UEFI Interactive Shell v2.2
EDK II
UEFI v2.70 (EDK II, 0x00010000)
Mapping table
     BLK0: Alias(s):
          PciRoot(0x0)/Pci(0x3,0x0)
Press ESC in 5 seconds to skip startup.nsh or any other key to continue.Press ESC in 4 seconds

Shell> """


@pytest.mark.parametrize(
    ("written", "alive"),
    [
        ("", False),
        ("\n  \n", False),
        (OVMF, False),
        (OVMF + "\n", False),
        ("BdsDxe: starting Boot0001\nLinux version 6.1\n", True),
        ("TINY GUEST\n", True),
        ("GRUB loading.\n", True),
        ("BdsDx", False),  # a line that has not ended
        ("login: ", False),
    ],
)
def test_firmware_is_no_sign_of_life(written, alive) -> None:
    assert shows_life(written) is alive
