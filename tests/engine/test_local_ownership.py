"""The guests' user may have been taken over: whatever it lays down where we look, nothing of ours changes."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from imsconsole.core.errors import Unavailable
from imsconsole.core.sentences import sentence_of
from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT, run_as
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.qmp import qmp
from imsconsole.engine.types import FileSource
from tests.engine.guests import TestWork, server_spec, state_of, stored_image, tiny_disk
from tests.engine.subverted import Assault

REFUSED = "output-refused"


@pytest.mark.slow(reason="a subverted program attacks the engine's files")
def test_a_converter_that_was_taken_over_reaches_nothing_of_ours(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where we are root it is another user, who cannot swap what it was given to fill."""
    monkeypatch.setitem(CLEAN_ENVIRONMENT, "PATH", CLEAN_ENVIRONMENT["PATH"])  # put back afterwards
    said = Assault(place).run()
    assert set(said.values()) == {""} if run_as().switch else {"", REFUSED}


@pytest.mark.slow(reason="a subverted program loads the engine and attacks its files")
def test_without_another_user_what_is_not_its_own_file_is_refused(place: Path) -> None:
    """A service that is not root runs converters as itself: it is not safe from them, but sees it."""
    command = [sys.executable, "-m", "tests.engine.subverted", str(place)]
    if run_as().switch:
        os.chown(place, run_as().uid, run_as().gid)
        become = ["--reuid", str(run_as().uid), "--regid", str(run_as().gid), "--clear-groups"]
        command = ["setpriv", *become, "--", *command]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert set(json.loads(ran.stdout).values()) == {REFUSED}


def others(place: Path) -> dict[str, Callable[[Path], object]]:
    """What can lie where a file was expected."""
    secret = place / "master_key"
    secret.write_text("secret")
    secret.chmod(0o600)
    theirs = place / "theirs"
    theirs.write_text("of the guests' user")
    os.chown(theirs, run_as().uid, run_as().gid)
    kinds: dict[str, Callable[[Path], object]] = {
        "nothing": lambda path: None,
        "link to its own": lambda path: path.symlink_to(theirs),
        "second name": lambda path: path.hardlink_to(theirs),
        "symlink": lambda path: path.symlink_to(secret),
        "dangling": lambda path: path.symlink_to(place / "nowhere"),
        "hardlink": lambda path: path.hardlink_to(secret),
        "pipe": os.mkfifo,
        "directory": Path.mkdir,
        "socket": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),
    }
    if os.geteuid() == 0:
        kinds["device"] = lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        kinds["file of another"] = lambda path: path.write_text("not the guests' user's")
    return kinds


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_only_a_file_of_the_guests_user_with_one_name_is_taken(local: LocalEngine, place: Path) -> None:
    for name, lay in others(place).items():
        path = local._store.scraps / name.replace(" ", "-")
        lay(path)
        before = path.lstat() if os.path.lexists(path) else None
        with pytest.raises(Unavailable) as refusal:
            local._store.own(path)
        assert refusal.value.code == REFUSED, name
        assert REFUSED not in sentence_of(refusal.value)
        if before:
            assert (path.lstat().st_mode, path.lstat().st_uid) == (before.st_mode, before.st_uid), name
    assert stat.S_IMODE((place / "master_key").stat().st_mode) == 0o600


def test_who_still_has_a_taken_file_open_changes_nothing_any_more(local: LocalEngine, place: Path) -> None:
    """Where programs are another user's: else they could open it again whenever they want."""
    path = local._store.scraps / "made"
    local._store.blank(path)
    with path.open("r+b", buffering=0) as left:
        left.write(b"what was made")
        local._store.own(path)
        left.seek(0)
        left.write(b"something else")
    assert (path.read_bytes() == b"what was made") == run_as().switch
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (os.geteuid(), 0o444)
    assert os.listdir(local._store.scraps) == ["made"]


def test_a_finished_file_is_taken_as_it_is(local: LocalEngine, place: Path) -> None:
    """Without copying it."""
    path = local._store.scraps / "made"
    local._store.blank(path)
    before = path.stat().st_ino
    local._store.own(path)
    assert path.stat().st_ino == before


def test_a_file_of_ours_that_programs_read_stays_ours(local: LocalEngine, place: Path) -> None:
    """An upload is examined and stored through links; its bytes must not change in between."""
    source = tiny_disk(place / "source.raw")
    source.chmod(0o600)
    seen: list[os.stat_result] = []
    work = TestWork(on_report=lambda: seen.append(source.stat()))
    local.ingest(work.token and server_spec().id, FileSource(source), format="raw", work=work)
    local.qemu_img(["info", "-f", "raw", str(source)])
    for facts in (*seen, source.stat()):
        assert facts.st_uid == os.geteuid()
        assert not stat.S_IMODE(facts.st_mode) & 0o027


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_run_folder_full_of_traps_reveals_and_changes_nothing(local: LocalEngine, place: Path) -> None:
    """It is the only folder that is the guests' user's."""
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    run = local._store.server(server.ref) / "run"
    run.mkdir()
    for name, lay in others(place).items():
        path = run / "serial.log"
        lay(path)
        assert local.console_log(server.ref) == "", name
        state_of(local, server.ref)
        if os.path.lexists(path):
            path.rename(run / name)
    assert (place / "master_key").read_text() == "secret"


def test_a_socket_that_is_a_link_to_another_is_not_spoken_to(local: LocalEngine, place: Path) -> None:
    server = local.create_server(server_spec(), stored_image(local, place).ref, work=TestWork())
    folder = local._store.server(server.ref)
    (folder / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as another:
        another.bind(str(place / "another.sock"))
        another.listen()
        another.settimeout(0)
        (folder / "run" / "qmp.sock").symlink_to(place / "another.sock")
        with pytest.raises(Unavailable), qmp(folder, time_limit_s=0.2):
            pass
        with pytest.raises(BlockingIOError):
            another.accept()
