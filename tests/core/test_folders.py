"""Folders that end with their process, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from imsconsole.core.folders import left_behind, locked_folder, remove_left

HOLD = """
import os, sys
from pathlib import Path
from imsconsole.core.folders import process_folder
folder = process_folder(Path(sys.argv[1]))
(folder / "file").touch()
if os.fork() == 0:
    sys.exit()
os.wait()
print("there" if (folder / "file").exists() else "gone", flush=True)
sys.stdin.read()
"""


def holding(parent: Path) -> "subprocess.Popen[bytes]":
    """A process that has a folder in `parent`, and a child of which ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"there\n"
    return process


def test_a_process_takes_its_folder_along(tmp_path: Path) -> None:
    with holding(tmp_path / "tmp") as process:
        assert list(left_behind(tmp_path / "tmp")) == []
        process.communicate()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_empty_folder_of_one_that_a_signal_ended_goes_with_the_next(tmp_path: Path) -> None:
    with holding(tmp_path) as process:
        (left,) = tmp_path.iterdir()
        (left / "file").unlink()
        process.kill()
    with holding(tmp_path) as process:
        assert left not in tmp_path.iterdir()
        process.communicate()


def test_only_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    with holding(tmp_path) as process, locked_folder(tmp_path, "ours-") as ours:
        (theirs,) = set(tmp_path.iterdir()) - {ours}
        assert list(left_behind(tmp_path)) == []
        remove_left(theirs)
        assert (theirs / "file").exists()

        process.send_signal(signal.SIGKILL)
        process.wait()
        assert list(left_behind(tmp_path)) == [theirs]
        assert list(left_behind(tmp_path, "ours-")) == []
        for path in (ours, theirs):
            remove_left(path)
        assert list(tmp_path.iterdir()) == [ours]
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_folder_is_held_by_nobody(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    parent = tmp_path / "tmp"
    parent.mkdir()
    (parent / "file").touch()
    (parent / "link").symlink_to(outside)
    os.mkfifo(parent / "pipe")
    left = list(left_behind(parent))
    assert [path.name for path in left] == ["file", "link", "pipe"]
    for path in left:
        remove_left(path)
    assert not list(parent.iterdir())
    assert (outside / "folder").is_dir()
