"""Real guests of the local engine, proved by what they print themselves."""

import base64
import hashlib
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pycdlib
import pytest

from imsconsole.core.errors import Interrupted, NotFound, Unavailable
from imsconsole.demo.guest import INIT, BootMode
from imsconsole.engine.cloud_config import user_data
from imsconsole.engine.local import ending, machine, state, tpm
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.machines import _flock
from imsconsole.engine.local.qmp import Qmp
from imsconsole.engine.local.serial import LOG_LIMIT_BYTES
from imsconsole.engine.local.state import Recorded, read_state, this_boot, write_state
from imsconsole.engine.types import MIB, DiskSpec, FileSource, Power, Seed, ServerSpec
from tests.engine.guests import (
    TestWork,
    heeding_disk,
    server_spec,
    state_of,
    stored_image,
    used_bytes,
    wait_for,
    wait_until,
)
from tests.engine.test_local_network import asking, everywhere, two_hosts
from tests.support.processes import status_of
from tests.support.ssh import new_key, said

pytestmark = pytest.mark.guest

KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(range(32))).decode()
FINGERPRINT = base64.b64encode(hashlib.sha256(base64.b64decode(KEY)).digest()).decode().rstrip("=")
HASH = "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g."


@pytest.mark.slow(reason="a whole guest boots without KVM")
def test_a_guest_boots_reads_its_seed_and_finds_its_disks(
    local: LocalEngine, guest: tuple[BootMode, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot_mode, disk = guest
    image = local.ingest(uuid4(), FileSource(disk), format="raw", work=TestWork())
    data = DiskSpec(uuid4(), local.create_disk(uuid4(), 64 * MIB, work=TestWork()), 1, 64 * MIB)
    seed = Seed(
        "i-42",
        "guest-42",
        (f"ssh-ed25519 {KEY} me@here", new_key(tmp_path)),
        HASH,
        user_data=b"#!/bin/sh\necho told\n",
    )
    is_bios = boot_mode == "bios"  # by which all is cheaper
    spec = server_spec(memory_mb=256, seed=seed, boot_mode=boot_mode, tpm=is_bios)
    server = local.create_server(replace(spec, disks=(*spec.disks, data)), image.ref, work=TestWork())
    local.delete(image.ref, work=TestWork())
    if is_bios:  # the config drive of another cloud is read as well
        monkeypatch.setattr(machine, "write_seed", write_config_drive)
    hosts = two_hosts() if is_bios and os.geteuid() == 0 else nullcontext()
    with hosts as both:
        local.start(server, work=TestWork())
        log = wait_for(local, server.ref, "IMS-GUEST ready")
        line = f"ssh -p {state_of(local, server.ref).ssh.port} root@127.0.0.1"
        password = {} if is_bios else {"password": "password"}
        assert said(line, "hostname", tmp_path, **password) == "guest-42\n"
        if both:  # without a way out it reaches nothing
            assert everywhere(asking(local, server, tmp_path), *both) == set()
            assert [each.asked for each in both] == [[], []]
    tpm_key = re.search(r"tpm=2 pcr7=[0-9A-F]{64}\nIMS-GUEST tpm-key=([0-9a-f]{16})\n", log)
    assert bool(tpm_key) == spec.tpm
    for line in (
        f"seed={'config-2' if is_bios else 'cidata'}",
        f"identity=Engine test {boot_mode} kernel=",
        f"boot={boot_mode}",
        "instance-id=i-42",
        "hostname=guest-42",
        f"ssh-key-fingerprint=SHA256:{FINGERPRINT}",
        "password=set",
        f"disk vda serial={server.disks[0].serial} bytes={server.disks[0].size_bytes}",
        "disk vdb marker=IMS-MARKER i-42",
        f"disk vdb serial={data.serial} bytes={data.size_bytes}",
        f"mac={server.mac}",
        f"address={server.private_ip}",
        "user-data: told",
    ):
        assert line in log

    second = DiskSpec(uuid4(), local.create_disk(uuid4(), 32 * MIB, work=TestWork()), 2, 32 * MIB)
    local.attach(server, second, work=TestWork())
    local.attach(server, second, work=TestWork())
    wait_for(local, server.ref, f"disk vdc serial={second.serial} bytes={second.size_bytes}")
    local.grow_disk(second, 48 * MIB, server=server, work=TestWork())
    local.grow_disk(server.disks[0], server.disks[0].size_bytes + MIB, server=server, work=TestWork())
    wait_for(local, server.ref, f"disk vdc grown bytes={48 * MIB}")
    wait_for(local, server.ref, f"disk vda grown bytes={server.disks[0].size_bytes + MIB}")
    local.detach(server, second, work=TestWork())
    local.detach(server, second, work=TestWork())
    wait_for(local, server.ref, "disk vdc removed")

    assert local.stop(server.ref, graceful_s=60, work=TestWork()).reason == "stopped"
    assert "IMS-GUEST power off" in local.console_log(server.ref)
    if tpm_key:  # the same TPM once more
        kept = local._store.disk(server.disks[0].ref).with_name(tpm.FOLDER)
        assert told_by_tpm(kept, tmp_path) == tpm_key[1]
        local.start(server, work=TestWork())
        local.stop(server.ref, graceful_s=0, work=TestWork())
        assert told_by_tpm(kept, tmp_path) == tpm_key[1]


def told_by_tpm(kept: Path, folder: Path) -> str:
    """The key that a guest is told by a TPM of that state, asked without a guest and of a copy."""
    state, line = Path(shutil.copytree(kept, folder / str(uuid4()))), folder / "tpm"
    command = re.search("CREATE_KEY='(.*)'", INIT.read_text())
    assert command
    asked = [
        "swtpm",
        "socket",
        "--tpm2",
        "--tpmstate",
        f"dir={state}",
        "--flags",
        "not-need-init,startup-clear",
    ]
    with (
        subprocess.Popen([*asked, "--server", f"type=unixio,path={line}"]) as process,
        socket.socket(socket.AF_UNIX) as talk,
    ):
        wait_until(line.exists)
        talk.connect(str(line))
        talk.sendall(bytes.fromhex(command[1]))
        answer = talk.recv(4096)
        process.kill()
    line.unlink()
    return hashlib.sha256(answer[18:110]).hexdigest()[:16]


def write_config_drive(path: Path, server: ServerSpec, *, static_address: bool) -> None:
    """What Nova gives a guest: https://docs.openstack.org/nova/latest/user/metadata.html."""
    link = {"id": "tap0", "type": "bridge", "ethernet_mac_address": server.mac}
    way = {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "192.168.7.1"}
    network = {"id": "network0", "type": "ipv4", "link": "tap0", "ip_address": server.private_ip}
    network |= {"netmask": "255.255.255.0", "routes": [way]}
    keys = {"mine": f"{server.seed.ssh_keys[0]}\n"}
    meta = {"uuid": server.seed.instance_id, "hostname": server.seed.hostname, "public_keys": keys}
    files = {
        "meta_data.json": json.dumps(meta).encode(),
        "network_data.json": json.dumps({"links": [link], "networks": [network], "services": []}).encode(),
        "user_data": user_data(server.seed),
    }
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident="config-2")
    for folder in ("openstack", "openstack/latest"):
        iso.add_directory(f"/{folder.upper()}", rr_name=Path(folder).name, joliet_path=f"/{folder}")
    for name, content in files.items():
        place = (
            f"/OPENSTACK/LATEST/{name.upper()}.;1"
            if "." not in name
            else f"/OPENSTACK/LATEST/{name.upper()};1"
        )
        iso.add_fp(
            io.BytesIO(content), len(content), place, rr_name=name, joliet_path=f"/openstack/latest/{name}"
        )
    iso.write(str(path))
    iso.close()


def test_a_guest_that_still_boots_is_stopped_all_the_same(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "PRESS_EVERY_S", 0.2)
    source = FileSource(heeding_disk(place / "source.raw"))
    image = local.ingest(uuid4(), source, format="raw", work=TestWork())
    server = local.create_server(server_spec(), image.ref, work=TestWork())
    local.start(server, work=TestWork())
    assert local.stop(server.ref, graceful_s=60, work=TestWork()).reason == "stopped"
    assert local.console_log(server.ref) == "HEEDING\nOFF"


@pytest.mark.parametrize("guest", ["bios"], indirect=True)
def test_twenty_servers_of_one_image_cost_almost_nothing(
    local: LocalEngine, place: Path, guest: tuple[BootMode, Path]
) -> None:
    image = local.ingest(uuid4(), FileSource(guest[1]), format="raw", work=TestWork())
    assert image.size_bytes > 10 * MIB
    before = used_bytes(place)
    for _ in range(20):
        local.create_server(server_spec(), image.ref, work=TestWork())
    assert used_bytes(place) - before < 20 * MIB


def test_a_killed_guest_is_stopped_and_starts_again(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    os.kill(state_of(local, local.start(server, work=TestWork())).pid or 0, signal.SIGKILL)
    wait_until(lambda: state_of(local, server.ref).power is Power.STOPPED)
    assert state_of(local, server.ref).reason == "killed"
    assert state_of(local, local.start(server, work=TestWork())).power is Power.RUNNING


DYING = """
import ctypes, os, threading, time
def hold():
    time.sleep(1)
    os._exit(0)
threading.Thread(target=hold).start()
ctypes.CDLL(None).syscall(60, 0)  # the first thread ends as one that was killed, another still has the files
"""


def test_a_guest_that_is_still_dying_is_not_stopped_before_it_is_gone(
    local: LocalEngine, place: Path
) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    folder = place / "region" / "servers" / server.ref
    with subprocess.Popen([sys.executable, "-c", DYING]) as process:
        write_state(folder, Recorded(True, process.pid, this_boot()))
        wait_until(lambda: status_of(process.pid) == "Z")
        assert state_of(local, server.ref).power is Power.STOPPED
        assert process.poll() is not None


def test_a_process_that_has_the_number_of_a_dead_guest_keeps_nobody_waiting(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "GONE_LIMIT_S", 24 * 3600)
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    write_state(place / "region" / "servers" / server.ref, Recorded(True, os.getpid(), this_boot()))
    assert state_of(local, server.ref).power is Power.STOPPED


def test_a_guest_that_is_killed_while_it_starts_is_worth_another_try(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spawned_and_killed(*arguments: Any) -> "subprocess.Popen[bytes]":
        process = spawn(*arguments)
        process.kill()
        process.wait()
        return process

    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    spawn = machine.spawn
    with monkeypatch.context() as patched:
        patched.setattr(machine, "spawn", spawned_and_killed)
        with pytest.raises(Interrupted):
            local.start(server, work=TestWork())
    assert state_of(local, local.start(server, work=TestWork())).power is Power.RUNNING


def test_a_guest_that_is_killed_while_it_is_told_something_is_stopped(
    local: LocalEngine, place: Path
) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    pid = state_of(local, local.start(server, work=TestWork())).pid or 0

    def say(talk: Qmp) -> None:
        os.kill(pid, signal.SIGKILL)
        talk.command("query-status")

    assert not local._machines._tell(place / "region" / "servers" / server.ref, say)
    assert state_of(local, server.ref).reason == "killed"


def test_a_guest_of_a_host_that_was_restarted_is_stopped(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    local.start(server, work=TestWork())
    local.stop(server.ref, graceful_s=0, work=TestWork())
    folder = place / "region" / "servers" / server.ref
    write_state(folder, replace(read_state(folder), running=True, pid=1, boot_id="another"))
    assert state_of(local, server.ref).reason == "host-rebooted"


def test_a_guest_that_runs_is_found_whatever_is_told_of_the_boot(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    pid = state_of(local, local.start(server, work=TestWork())).pid
    folder = place / "region" / "servers" / server.ref
    write_state(folder, replace(read_state(folder), boot_id="another"))
    assert state_of(local, server.ref).pid == pid


def test_a_guest_whose_worker_was_killed_before_it_noted_it_is_found(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    pid = state_of(local, local.start(server, work=TestWork())).pid
    folder = place / "region" / "servers" / server.ref
    write_state(folder, replace(read_state(folder), pid=0))
    assert state_of(local, server.ref).pid == pid
    assert state_of(local, local.start(server, work=TestWork())).pid == pid
    assert local.stop(server.ref, graceful_s=0, work=TestWork()).power is Power.STOPPED


def test_a_running_guest_is_seen_by_an_engine_that_did_not_start_it(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    pid = state_of(local, local.start(server, work=TestWork())).pid
    other = LocalEngine(place / "region", memory_mb=2048)
    assert state_of(other, server.ref).pid == pid
    assert other.stop(server.ref, graceful_s=0, work=TestWork()).reason == "stopped"
    assert state_of(local, server.ref).reason == "stopped"


def test_no_zombies_stay_behind(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    pid = state_of(local, local.start(server, work=TestWork())).pid
    local.stop(server.ref, graceful_s=0, work=TestWork())
    wait_until(lambda: bool(state_of(local, server.ref)) and not Path(f"/proc/{pid}").exists())


def test_another_servers_system_disk_is_not_started(local: LocalEngine, place: Path) -> None:
    image = stored_image(local, place)
    ours, theirs = (local.create_server(server_spec(), image.ref, work=TestWork()) for _ in range(2))
    with pytest.raises(NotFound):
        local.start(replace(ours, disks=theirs.disks), work=TestWork())


def test_a_guest_that_writes_for_ever_does_not_fill_the_disk(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    local.start(server, work=TestWork())
    log = place / "region" / "servers" / server.ref / "run" / "serial.log"
    wait_for(local, server.ref, "TINY GUEST")
    with log.open("ab") as out:
        out.write(b"x" * LOG_LIMIT_BYTES + b"the end")
    state_of(local, server.ref)
    assert log.stat().st_size < MIB
    assert local.console_log(server.ref).endswith("the end")


def test_a_link_in_place_of_a_log_is_not_followed(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    local.start(server, work=TestWork())
    log = place / "region" / "servers" / server.ref / "run" / "serial.log"
    log.unlink()
    log.symlink_to("/etc/passwd")
    assert local.console_log(server.ref) == ""
    assert state_of(local, server.ref).power is Power.RUNNING


def test_a_server_started_twice_at_once_runs_once(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    with ThreadPoolExecutor(4) as pool:
        started = [pool.submit(local.start, server, work=TestWork()) for _ in range(4)]
    assert len({state_of(local, start.result()).pid for start in started}) == 1
    assert local.inventory().running == {server.ref}


def test_servers_started_at_once_share_the_memory_there_is(local: LocalEngine, place: Path) -> None:
    image, half = stored_image(local, place), local.capabilities().memory_mb // 2
    servers = [local.create_server(server_spec(memory_mb=half), image.ref, work=TestWork()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        ends = [pool.submit(local.start, server, work=TestWork()) for server in servers]
    refused = [end.exception() for end in ends if end.exception()]
    assert [error.code for error in refused if isinstance(error, Unavailable)] == ["no-guest-memory"] * 2
    assert len(local.inventory().running) == 2


def test_one_that_is_being_started_takes_memory_before_it_is_seen(local: LocalEngine, place: Path) -> None:
    image, most = stored_image(local, place), local.capabilities().memory_mb
    first, second = (
        local.create_server(server_spec(memory_mb=most), image.ref, work=TestWork()) for _ in range(2)
    )
    folder = place / "region" / "servers" / first.ref
    write_state(folder, Recorded(True, 0, this_boot(), most))
    with _flock(folder), pytest.raises(Unavailable, match="no-guest-memory"):
        local.start(second, work=TestWork())
    assert state_of(local, local.start(second, work=TestWork())).power is Power.RUNNING
