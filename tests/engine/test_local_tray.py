"""What is in a server's tray: what QEMU shows the guest, and that no firmware starts from it."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import Conflict
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.qmp import qmp
from imsconsole.engine.local.tray import DRIVE
from imsconsole.engine.types import FileSource, ServerSpec
from tests.engine.guests import (
    TestWork,
    server_spec,
    stored_image,
    tiny_cd,
    tiny_uefi_cd,
    wait_for,
    wait_until,
)

pytestmark = pytest.mark.guest


def stored_iso(local: LocalEngine, path: Path) -> str:
    return local.ingest(uuid4(), FileSource(path), format="iso", work=TestWork()).ref


def in_tray(local: LocalEngine, server: ServerSpec) -> int:
    """How many bytes the guest sees there; none when it is empty."""
    with qmp(local._store.server(server.ref)) as talk:
        drives = {drive["qdev"]: drive for drive in talk.command("query-block")}
        return int(drives[DRIVE].get("inserted", {}).get("image", {}).get("virtual-size", 0))


def on_the_screen(local: LocalEngine, server: ServerSpec) -> str:
    """The characters of a screen in text mode, out of its memory."""
    with qmp(local._store.server(server.ref)) as talk:
        dump = talk.command("human-monitor-command", **{"command-line": "xp /2000xh 0xb8000"})
    words = (word for line in dump.splitlines() for word in line.partition(":")[2].split())
    return "".join(chr(int(word, 16) & 0xFF) for word in words)


def test_a_running_guest_sees_what_comes_and_goes(local: LocalEngine, place: Path) -> None:
    iso = stored_iso(local, tiny_cd(place / "cd.iso"))
    size = (place / "cd.iso").stat().st_size
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    local.start(server, work=TestWork())
    assert in_tray(local, server) == 0
    mounted = replace(server, iso_ref=local.mount_iso(server, iso, work=TestWork()))
    assert in_tray(local, server) == size
    local.reboot(mounted, graceful_s=0, work=TestWork())
    assert in_tray(local, server) == size
    local.eject_iso(mounted, work=TestWork())
    assert in_tray(local, server) == 0
    local.mount_iso(server, iso, work=TestWork())
    assert in_tray(local, server) == size


@pytest.mark.parametrize(
    "boot_mode",
    [
        "bios",
        pytest.param("uefi", marks=pytest.mark.slow(reason="a firmware that has tried all that it may")),
    ],
)
def test_a_firmware_never_starts_from_it(local: LocalEngine, place: Path, boot_mode: str) -> None:
    """The system disk is blank, so it looks for something else. By UEFI it comes past a CD that is for booting, which gives up."""
    iso, cd_ref = tiny_cd(place / "tray.iso", "FROM TRAY"), ""
    if boot_mode == "uefi":
        iso = tiny_uefi_cd(place / "uefi.iso", "FROM TRAY")
        cd_ref = stored_iso(local, tiny_uefi_cd(place / "cd.iso", "FROM UEFI CD", ends=True))
    spec = server_spec(boot_mode=boot_mode, memory_mb=128, cd_ref=cd_ref)
    server = local.create_server(spec, work=TestWork())
    server = replace(server, iso_ref=local.mount_iso(server, stored_iso(local, iso), work=TestWork()))
    local.start(server, work=TestWork())
    if boot_mode == "bios":
        wait_until(lambda: "No bootable device" in on_the_screen(local, server))
    else:  # its shell is the last it tries, and counts seconds with all its might
        assert "FROM UEFI CD" in wait_for(local, server.ref, '"EFI Internal Shell"')
    assert "FROM TRAY" not in local.console_log(server.ref)


def test_a_guest_from_before_there_were_trays_says_so(local: LocalEngine, place: Path) -> None:
    iso = stored_iso(local, tiny_cd(place / "cd.iso"))
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    local.start(server, work=TestWork())
    with qmp(local._store.server(server.ref)) as talk:
        talk.command("device_del", id=DRIVE)
    wait_until(lambda: no_tray(local, server))
    with pytest.raises(Conflict) as refused:
        local.mount_iso(server, iso, work=TestWork())
    assert refused.value.code == "no-tray"
    local.eject_iso(server, work=TestWork())


def no_tray(local: LocalEngine, server: ServerSpec) -> bool:
    with qmp(local._store.server(server.ref)) as talk:
        return all(drive["qdev"] != DRIVE for drive in talk.command("query-block"))
