"""Each guest and each conversion is a user of its own: who breaks out of one reaches nothing of another."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import Unavailable
from imsconsole.core.sentences import sentence_of
from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT, GUEST_UIDS, RunAs, run_as, wrapped
from imsconsole.engine.conversion.users import Users
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.machines import Machines
from imsconsole.engine.types import GIB, MIB, DiskSpec, FileSource, Power, ServerSpec
from tests.engine.guests import TestWork, server_spec, state_of, stored_image, tiny_disk, wait_for, wait_until
from tests.support.processes import ended, forked, status_of

IS_ROOT = run_as().switch
FREE = GUEST_UIDS[-1] + 1  # from here on, numbers that no guest of a test beside this one gets
REACHED = """
while read -r path; do
    if (: < "$path") 2> /dev/null || [ -w "$path" ] || [ -x "$path" -a -d "$path" ]; then echo "$path"; fi
done
"""


def reached_by(user: RunAs, folder: Path, paths: Iterable[Path]) -> set[Path]:
    """What a program of that user, begun in that folder, can read, write or pass through, of what it knows by name."""
    script = subprocess.run(
        wrapped(["sh", "-c", REACHED], user),
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=CLEAN_ENVIRONMENT,
    )
    return {Path(line) for line in script.stdout.splitlines()}


def may_signal(user: RunAs, pid: int) -> bool:
    return not subprocess.run(
        wrapped(["kill", "-0", str(pid)], user), capture_output=True, check=False
    ).returncode


def with_disk(engine: LocalEngine, place: Path, **changes: object) -> ServerSpec:
    disk = uuid4()
    ref = engine.create_disk(disk, GIB, work=TestWork())
    spec = server_spec(**changes)
    server = engine.create_server(spec, stored_image(engine, place).ref, work=TestWork())
    return replace(server, disks=(*server.disks, DiskSpec(disk, ref, 1, GIB)))


def user_of(engine: LocalEngine, server: ServerSpec) -> RunAs:
    return engine._users.of(engine._store.server(server.ref))


def works_in(pid: str, engine: LocalEngine) -> bool:
    """Whether a process works in a scrap folder, and has not ended."""
    try:
        return str(engine._store.scraps) in os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return False


def halted(pid: int) -> bool:
    """Stop a process; False when it is ending: of one without memory anybody may open the list of it."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: status_of(pid) in ("T", "Z", ""))
    return status_of(pid) == "T"


def secrets_of(folder: Path, *pids: int | None) -> list[Path]:
    """All that lies in a folder, and what shows a process from within."""
    inside = [Path(f"/proc/{pid}/{name}") for pid in pids for name in ("mem", "maps", "environ", "fd", "cwd")]
    return [*folder.rglob("*"), *inside]


@pytest.mark.guest
def test_a_guest_s_user_reaches_nothing_of_another_guest(local: LocalEngine, place: Path) -> None:
    mine, other = (
        with_disk(local, place, boot_mode=mode, memory_mb=128, tpm=True) for mode in ("bios", "uefi")
    )
    pids = [state_of(local, local.start(each, work=TestWork())).pid for each in (mine, other)]
    user, folder = user_of(local, mine), local._store.server(mine.ref)
    reached = reached_by(user, folder / "run", secrets_of(local._store.root, *pids))
    if not IS_ROOT:
        assert local._store.disk(other.disks[1].ref) in reached
        return
    passed = {place / "region", local._store.disks, local._store.servers}
    own = {
        local._store.disk(mine.disks[1].ref),
        *(path for path in reached if folder in (path, *path.parents)),
    }
    assert local._store.disk(mine.disks[0].ref) in own
    assert {path for path in reached if Path(f"/proc/{pids[0]}") not in path.parents} - passed == own
    assert not may_signal(user, pids[1] or 0)
    assert not list(local._store.server(other.ref).glob("vars.fd"))
    assert stat.S_IMODE(local._store.scraps.stat().st_mode) == 0o700


@pytest.mark.slow(reason="a disk is converted and stopped again and again")
def test_a_guest_s_user_reaches_nothing_of_a_running_conversion(local: LocalEngine, place: Path) -> None:
    server = with_disk(local, place)
    user, folder = user_of(local, server), local._store.server(server.ref)
    there: set[str] = set()
    reached: set[Path] = set()
    programs: set[int] = set()

    def look() -> None:
        """While it converts."""
        working = [int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if works_in(pid, local)]
        running = [pid for pid in working if halted(pid)]
        there.update(path.name for path in local._store.scraps.rglob("*"))
        programs.update(os.stat(f"/proc/{pid}").st_uid for pid in running)
        reached.update(reached_by(user, folder, secrets_of(local._store.scraps, *running)))
        for pid in running:
            os.kill(pid, signal.SIGCONT)

    source = place / "source.qcow2"
    raw = tiny_disk(place / "source.raw", size_bytes=32 * MIB)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, source], check=True)
    source.chmod(0o600)
    local.ingest(uuid4(), FileSource(source), format="qcow2", work=TestWork(on_report=look))
    assert {"source", "made"} <= there
    assert programs
    if IS_ROOT:
        assert not reached
        assert programs <= set(GUEST_UIDS) - {user.uid}


def test_all_have_users_of_their_own_and_images_stay_ours(local: LocalEngine, place: Path) -> None:
    servers = [with_disk(local, place) for _ in range(3)]
    users = {user_of(local, server).uid for server in servers}
    assert len(users) == (3 if IS_ROOT else 1)
    for server in servers:
        base = local._store.disk(server.disks[0].ref).with_name("base.qcow2").stat()
        assert (base.st_uid, stat.S_IMODE(base.st_mode)) == (os.geteuid(), 0o444)
        disk = local._store.disk(server.disks[1].ref).stat()
        assert (disk.st_uid, stat.S_IMODE(disk.st_mode)) == (os.geteuid(), 0o600), "nobody's yet"


def test_what_is_shared_is_given_to_nobody(local: LocalEngine, place: Path) -> None:
    server = with_disk(local, place)
    base = local._store.disk(server.disks[0].ref).with_name("base.qcow2")
    if IS_ROOT:
        with pytest.raises(PermissionError):
            user_of(local, server).give(base)
    assert base.stat().st_uid == os.geteuid()


@pytest.mark.guest
def test_a_disk_is_its_server_s_as_long_as_that_has_it(local: LocalEngine, place: Path) -> None:
    server = with_disk(local, place)
    disk, user = local._store.disk(server.disks[1].ref), user_of(local, server)
    local.start(server, work=TestWork())
    assert disk.stat().st_uid == user.uid
    local.stop(server.ref, graceful_s=0, work=TestWork())
    local.detach(server, server.disks[1], work=TestWork())
    assert disk.stat().st_uid == os.geteuid()
    local.start(server, work=TestWork())
    local.delete_server(server.ref, work=TestWork())
    assert disk.stat().st_uid == os.geteuid(), "whoever gets the number next does not get the disk"
    assert local.grow_disk(server.disks[1], 2 * GIB, work=TestWork()) == server.disks[1].ref
    assert disk.stat().st_uid == os.geteuid()


class OldMachines(Machines):
    """Starts guests as they were before each had a user of its own."""

    def _user_of(self, folder: Path) -> RunAs:
        return self._store.users.common


def of_old(engine: LocalEngine, server: ServerSpec) -> None:
    """Make a server's files what they were then."""
    common, folder = engine._users.common, engine._store.server(server.ref)
    for path in (*folder.glob("system-*/*"), engine._store.disk(server.disks[1].ref)):
        if path.stat().st_uid in GUEST_UIDS or not path.stat().st_mode & stat.S_IROTH:
            common.give(path)
    for each in (*folder.glob("system-*"), folder):
        common.let_in(each)


@pytest.mark.guest
def test_a_server_from_before_goes_on_and_is_moved_by_its_next_start(local: LocalEngine, place: Path) -> None:
    server = with_disk(local, place, tpm=True)
    of_old(local, server)
    store, accelerator = local._store, local._accelerator
    OldMachines(store, network="user", reached=(), memory_mb=2048, accelerator=accelerator).start(
        server, TestWork()
    )
    common, folder = local._users.common, store.server(server.ref)
    assert (folder / "run").stat().st_uid == common.uid

    added = DiskSpec(uuid4(), local.create_disk(uuid4(), GIB, work=TestWork()), 2, GIB)
    assert state_of(local, server.ref).power is Power.RUNNING
    wait_for(local, server.ref, "TINY GUEST")
    local.attach(server, added, work=TestWork())
    assert local.screen(server.ref).startswith(b"\x89PNG")
    assert local.capture(server, {uuid4(): server.disks[1]}, work=TestWork())
    local.stop(server.ref, graceful_s=0, work=TestWork())

    server = replace(server, disks=(*server.disks, added))
    pid = state_of(local, local.start(server, work=TestWork())).pid
    wait_for(local, server.ref, "TINY GUEST", times=2)
    assert os.stat(f"/proc/{pid}").st_uid == user_of(local, server).uid
    assert (user_of(local, server) == common) == (not IS_ROOT)
    left = [
        path
        for path in (folder, *folder.rglob("*"))
        if common.uid in (path.lstat().st_uid, path.lstat().st_gid)
    ]
    assert not IS_ROOT or not left
    local.delete_server(server.ref, work=TestWork())


def test_when_no_user_is_left_it_says_so_and_a_deleted_server_s_is_free(place: Path) -> None:
    few = range(FREE + 1, FREE + 4)
    engine = LocalEngine(place / "region", memory_mb=256, guest_uids=few)
    image = stored_image(engine, place).ref
    servers = [engine.create_server(server_spec(), image, work=TestWork()) for _ in range(len(few))]
    if not IS_ROOT:
        return
    assert {user_of(engine, server).uid for server in servers} == set(few)
    refused = server_spec()
    for verb in (
        lambda: engine.create_server(refused, image, work=TestWork()),
        lambda: engine.qemu_img(["--version"]),
    ):
        with pytest.raises(Unavailable) as refusal:
            verb()
        assert refusal.value.code == "no-guest-uid"
        assert "IMS_GUEST_UIDS" in sentence_of(refusal.value)
    assert not engine.inventory().scraps
    engine.delete_server(servers[1].ref, work=TestWork())
    assert engine.create_server(refused, image, work=TestWork()).ref


@pytest.fixture
def one(place: Path) -> Users:
    """Only one user, for all."""
    return Users(place / "uids", run_as(), range(FREE, FREE + 1))


def is_free(users: Users) -> bool:
    try:
        with users.taken():
            return True
    except Unavailable:
        return False


def test_a_user_is_not_given_again_while_a_process_of_it_lives(one: Users) -> None:
    with one.taken() as user:
        assert not is_free(one) or not IS_ROOT
        left = subprocess.Popen(wrapped(["sleep", "600"], user))
        wait_until(lambda: os.stat(f"/proc/{left.pid}").st_uid == user.uid)
    with left:
        held = not is_free(one)
        left.kill()
    assert held == IS_ROOT
    assert is_free(one)


def test_a_disk_that_was_lent_when_its_worker_was_killed_keeps_its_user(one: Users, place: Path) -> None:
    disk = place / "disk"
    disk.write_bytes(b"content")
    disk.chmod(0o600)
    with one.taken(disk) as user:
        user.give(disk)
    assert not is_free(one) or not IS_ROOT
    with one.lent(disk) as again:
        assert again == user
    one.take_back(disk)
    assert is_free(one)


def test_a_killed_process_lets_go_of_its_user(one: Users, place: Path) -> None:
    reader, writer = os.pipe()

    def take() -> None:
        with one.taken():
            os.write(writer, b"x")
            signal.pause()

    child = forked(take)
    os.close(writer)
    assert os.read(reader, 1), "it has no user"
    os.close(reader)
    held = not is_free(one)
    os.kill(child, signal.SIGKILL)
    assert ended(child) == -signal.SIGKILL
    assert held == IS_ROOT
    assert is_free(one)


def test_numbers_that_this_host_does_not_have_are_named(place: Path) -> None:
    beyond = range(2**32, 2**32 + 10)
    if not IS_ROOT:
        Users(place / "uids", run_as(), beyond)
        return
    with pytest.raises(Unavailable) as refusal:
        Users(place / "uids", run_as(), beyond)
    assert refusal.value.code == "guest-uids-unmapped"
    assert "IMS_GUEST_UIDS" in sentence_of(refusal.value)
