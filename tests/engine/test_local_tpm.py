"""The TPM of a guest is a process beside its QEMU: neither outlives the other, nor the worker that starts them."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import Unavailable, Unsupported
from imsconsole.core.sentences import sentence_of
from imsconsole.engine.local import machine, probe, tpm
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, DiskSpec, FileSource, Key, Power, ServerSpec
from tests.engine.guests import TestWork, server_spec, state_of, stored_image, tiny_disk, wait_until
from tests.support.processes import ended, forked

pytestmark = pytest.mark.guest


def with_tpm(engine: LocalEngine, place: Path) -> ServerSpec:
    return engine.create_server(server_spec(tpm=True), stored_image(engine, place).ref, work=TestWork())


def tpm_state(engine: LocalEngine, server: ServerSpec) -> Path:
    return engine._store.disk(server.disks[0].ref).with_name(tpm.FOLDER)


def tpms_of(engine: LocalEngine, server: ServerSpec) -> list[int]:
    """The processes of it that work in the server's run folder; a zombie works nowhere."""
    return [pid for pid in _works_in(engine._store.servers / server.ref / "run") if "swtpm" in _name(pid)]


def _works_in(folder: Path) -> Iterator[int]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(os.readlink(f"/proc/{pid}/cwd")) == folder:
                yield int(pid)
        except OSError:
            continue


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def test_a_tpm_runs_as_its_guest_s_user_and_ends_with_it(local: LocalEngine, place: Path) -> None:
    server = with_tpm(local, place)
    pid = state_of(local, local.start(server, work=TestWork())).pid or 0
    (running,) = tpms_of(local, server)
    assert (
        os.stat(f"/proc/{running}").st_uid
        == os.stat(f"/proc/{pid}").st_uid
        == tpm_state(local, server).stat().st_uid
    )
    assert local.inventory().strays == set()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not tpms_of(local, server))
    assert state_of(local, local.start(server, work=TestWork())).power is Power.RUNNING
    local.delete_server(server.ref, work=TestWork())
    assert not tpms_of(local, server)


def test_its_state_lies_with_the_system_disk(local: LocalEngine, place: Path) -> None:
    server = with_tpm(local, place)
    local.start(server, work=TestWork())
    local.stop(server.ref, graceful_s=0, work=TestWork())
    incoming, image = DiskSpec(uuid4(), "", 0, GIB), stored_image(local, place)
    changed = local.switch_system_disk(server, incoming, image.ref, work=TestWork())
    local.start(changed, work=TestWork())
    assert tpm_state(local, changed) != tpm_state(local, server)
    assert (tpm_state(local, server) / "tpm2-00.permall").exists(), "it comes back with its disk"


def killed_while_it_starts(engine: LocalEngine, server: ServerSpec, step: str) -> None:
    setattr(machine, step, lambda *_rest: os.kill(os.getpid(), signal.SIGKILL))
    engine.start(server, work=TestWork())
    machine.reap()


def test_a_worker_that_is_killed_while_it_starts_both_leaves_both_or_nothing(
    local: LocalEngine, place: Path
) -> None:
    """Whenever that is: just before, just after, and when QEMU answers."""
    server = with_tpm(local, place)
    for step in ("command_line", "wait_ready", "reap"):
        assert ended(forked(partial(killed_while_it_starts, local, server, step))) == -signal.SIGKILL
        found = state_of(local, server)
        wait_until(lambda found=found: len(tpms_of(local, server)) == (found.power is Power.RUNNING))
        started = state_of(local, local.start(server, work=TestWork()))
        assert started.power is Power.RUNNING
        assert found.pid in (started.pid, None)
        os.kill(started.pid or 0, signal.SIGKILL)
        wait_until(lambda: state_of(local, server).power is Power.STOPPED and not tpms_of(local, server))


def test_whoever_holds_the_state_of_a_guest_that_has_ended_is_killed(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = with_tpm(local, place)
    local.start(server, work=TestWork())
    local.stop(server.ref, graceful_s=0, work=TestWork())
    wait_until(lambda: not tpms_of(local, server))
    holds = f"import fcntl,time; f=open('{tpm_state(local, server) / tpm.LOCK}','r+'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", holds], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        monkeypatch.setattr(tpm, "END_LIMIT_S", 0.1)
        assert state_of(local, local.start(server, work=TestWork())).power is Power.RUNNING
        assert holder.wait() == -signal.SIGKILL


def test_a_guest_goes_on_without_a_tpm_that_has_crashed_and_has_it_again_at_its_next_start(
    local: LocalEngine, place: Path
) -> None:
    server = with_tpm(local, place)
    local.start(server, work=TestWork())
    os.kill(tpms_of(local, server)[0], signal.SIGKILL)
    wait_until(lambda: not tpms_of(local, server))
    assert state_of(local, server.ref).power is Power.RUNNING
    assert state_of(local, local.reboot(server, graceful_s=0, work=TestWork())).power is Power.RUNNING
    assert len(tpms_of(local, server)) == 1


def test_the_state_of_an_encrypted_server_is_encrypted(local: LocalEngine, place: Path) -> None:
    key, source = Key(uuid4(), lambda: bytes(range(32))), FileSource(tiny_disk(place / "source.raw"))
    image = local.ingest(uuid4(), source, format="raw", work=TestWork(), key=key)
    disk = DiskSpec(uuid4(), "", 0, GIB, key)
    server = local.create_server(server_spec(tpm=True, disks=(disk,)), image.ref, work=TestWork())
    plain = with_tpm(local, place)
    for each in (server, plain):
        local.start(each, work=TestWork())
        local.stop(each.ref, graceful_s=0, work=TestWork())
    assert state_of(local, local.start(server, work=TestWork())).power is Power.RUNNING
    name = "tpm2-00.permall"
    shutil.copyfile(tpm_state(local, server) / name, tpm_state(local, plain) / name)
    with pytest.raises(Unavailable, match="tpm"):
        local.start(plain, work=TestWork())


@pytest.mark.parametrize(("lacks", "package"), [("SWTPM", "swtpm"), ("SECURE_CODE", "ovmf")])
def test_what_the_host_lacks_is_known_before_and_named(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch, lacks: str, package: str
) -> None:
    feature = {"SWTPM": "tpm", "SECURE_CODE": "secure_boot"}[lacks]
    assert getattr(local.capabilities(), feature) == {"x86"}
    monkeypatch.setattr(probe, lacks, type(getattr(probe, lacks))("/not/there"))
    there = local.capabilities()
    assert (getattr(there, feature), there.missing) == (frozenset(), (package,))
    spec = server_spec(boot_mode="uefi", **{feature: True})
    server = local.create_server(spec, stored_image(local, place).ref, work=TestWork())
    with pytest.raises(Unsupported) as caught:
        local.start(server, work=TestWork())
    assert package in sentence_of(caught.value)
