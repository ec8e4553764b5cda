"""What counts as a sign of life on a serial console."""

from types import SimpleNamespace

import pytest

from imsconsole.cloud.servers.boot_check import (
    ALIVE,
    AWAITED,
    heard_of,
    kept_mark,
    shows_life,
    watched_from,
)
from imsconsole.engine.types import ConsoleMark, Power, ServerState
from tests.factories import ServerFactory
from tests.support.engines import engine_of_region

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


LOG = "NEW SYSTEM\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "now", "heard"),
    [
        (ConsoleMark("1", 5), ConsoleMark("1", 5), AWAITED),
        (ConsoleMark("1", 5), ConsoleMark("1", 16), ALIVE),
        (ConsoleMark("1", len(LOG)), ConsoleMark("2", len(LOG)), ALIVE),  # an engine began the log anew
        (ConsoleMark("1", 500), ConsoleMark("2", 0), AWAITED),
        (ConsoleMark("", 500), ConsoleMark("", len(LOG)), ALIVE),  # it was cut
    ],
)
def test_a_log_that_begins_anew_with_a_start_is_new_as_a_whole(people, before, now, heard) -> None:
    watched = watched_from(kept_mark(before))
    server = ServerFactory(project=people.bob.project, ref="there", status_values=watched["values"])
    engine = SimpleNamespace(console_log=lambda ref, limit_bytes, joined: LOG[-limit_bytes:])
    with engine_of_region(server.project.region_id, engine):
        assert heard_of(server, ServerState(Power.RUNNING, console=now)) == heard
