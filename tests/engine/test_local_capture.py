"""The local engine captures as every engine does; and what is its own: room, and what QEMU can reach."""

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imsconsole.core.errors import NoSpace, Unavailable
from imsconsole.core.sentences import sentence_of
from imsconsole.engine.api import Engine
from imsconsole.engine.local import capture
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.qmp import qmp
from imsconsole.engine.types import MIB, Power
from tests.engine.contract_capture import CaptureContract, captured, counting_server, running_server
from tests.engine.guests import COUNTED, TestWork, counters, state_of, wait_until
from tests.support.faults import free_space, full_disk


class TestLocalCapture(CaptureContract):
    @pytest.fixture
    def engine(self, local: LocalEngine) -> Engine:
        return local


@pytest.mark.guest
@pytest.mark.parametrize("runs", [True, False])
def test_without_room_for_it_nothing_is_begun(local: LocalEngine, place: Path, runs: bool) -> None:
    """A full disk would stop every guest of the host."""
    server = running_server(local, place) if runs else counting_server(local, place)
    with free_space(MIB), pytest.raises(NoSpace):
        captured(local, server)
    assert not local.inventory().scraps
    assert (state_of(local, server.ref).power is Power.RUNNING) == runs


@pytest.mark.guest
def test_a_disk_that_fills_up_ends_the_capture_and_not_the_guest(local: LocalEngine, place: Path) -> None:
    server = counting_server(local, place)
    with full_disk(8 * MIB):  # of each file the guest's QEMU writes, until it ends
        local.start(server, work=TestWork())
    disk = local._store.disk(server.disks[0].ref)
    wait_until(lambda: counters(disk, COUNTED[0]) > [0])
    with pytest.raises(NoSpace):
        captured(local, server)
    assert not local.inventory().scraps
    assert not local.inventory().stored
    before = counters(disk, COUNTED[0])
    wait_until(lambda: counters(disk, COUNTED[0]) > before)


@pytest.mark.guest
def test_what_a_guest_that_broke_out_lays_down_instead_is_not_stored(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy grows where its QEMU can write; a link, or a disk over a file of ours, is not taken."""
    server = running_server(local, place)
    secret = place / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    follow = capture.Captures._follow

    def laying(lay_down: Callable[[Path], object]) -> Callable[..., None]:
        def exchanged(*args: Any) -> None:
            follow(*args)
            for path in (local._store.server(server.ref) / "run").glob("capture-*"):
                path.unlink()
                lay_down(path)

        return exchanged

    kinds: tuple[tuple[Callable[[Path], object], str], ...] = (
        (lambda path: path.symlink_to(secret), "output-refused"),
        (lambda path: path.hardlink_to(secret), "output-refused"),
        (os.mkfifo, "output-refused"),
        (Path.mkdir, "output-refused"),
        (lambda path: overlay_on(secret, path), "capture-failed"),
    )
    for lay_down, code in kinds:
        monkeypatch.setattr(capture.Captures, "_follow", laying(lay_down))
        with pytest.raises(Unavailable) as refusal:
            captured(local, server)
        assert refusal.value.code == code
        assert sentence_of(refusal.value) != code
        assert not local.inventory().stored
        assert not local.inventory().scraps
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def overlay_on(base: Path, path: Path) -> None:
    create = ["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "raw", "-b", str(base), str(path), "4M"]
    subprocess.run(create, check=True)
    os.chown(path, path.parent.stat().st_uid, path.parent.stat().st_gid)


@pytest.mark.guest
def test_qemu_keeps_nothing_of_a_capture(local: LocalEngine, place: Path) -> None:
    server = running_server(local, place)
    captured(local, server)
    with qmp(local._store.server(server.ref)) as talk:
        assert talk.command("query-jobs") == []
        assert "into-" not in json.dumps(talk.command("query-named-block-nodes", flat=True))
    assert os.listdir(local._store.scraps) == []
