"""A test that takes over a quarter of a second, without a guest or a browser, says why in its marker; the longest come first."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

from tests.support.order import SharedOut, dearest_first

VAGUE = re.compile(r"^(many|several) (steps|pages|rows|things)\b|, one after the other$|^disks are made")


def test_every_slow_test_says_why(request: pytest.FixtureRequest) -> None:
    markers = [(item.nodeid, item.get_closest_marker("slow")) for item in request.session.items]
    silent = [name for name, marker in markers if marker and not marker.kwargs.get("reason")]
    assert silent == [], 'write @pytest.mark.slow(reason="…")'


def test_what_it_says_is_what_that_test_does(request: pytest.FixtureRequest) -> None:
    """Many of something are done by most tests: which, and why it takes so long, is asked."""
    markers = [(item.nodeid, item.get_closest_marker("slow")) for item in request.session.items]
    vague = {name for name, marker in markers if marker and VAGUE.search(str(marker.kwargs.get("reason")))}
    assert vague == set()


def test_no_example_of_a_property_is_timed() -> None:
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


@dataclass(frozen=True)
class Named:
    """As much of a test as its order depends on."""

    nodeid: str
    marker: str = ""

    def get_closest_marker(self, name: str) -> str | None:
        return self.marker if self.marker == name else None


def test_what_takes_longest_begins_first_and_files_stay_together() -> None:
    marks = {"a": "", "b": "slow", "c": "guest", "d": "", "e": "browser"}
    tests = [
        Named(f"{file}.py::{name}", mark * (name == "y")) for file, mark in marks.items() for name in "xyz"
    ]
    tests += [Named(f"c.py::{number}", "guest") for number in range(5)]
    ordered = [each.nodeid for each in dearest_first(tests)]
    assert "".join(dict.fromkeys(name[0] for name in ordered)) == "cebad"
    files = [name[0] for name in ordered]
    assert files == sorted(files, key="cebad".index), "a file is whole"
    assert sorted(ordered) == sorted(each.nodeid for each in tests)


DYING = """
import os, time

def test_before(): pass
def test_dies(): time.sleep(1); os._exit(1)  # nothing is on its way to it by then
def test_after(): pass
"""


@pytest.mark.slow(reason="processes of pytest start, and one of them dies")
def test_a_process_of_the_tests_that_dies_is_told_and_not_waited_for(tmp_path: Path) -> None:
    for name in "abcdef":
        (tmp_path / f"test_{name}.py").write_text(DYING if name == "c" else "def test(): pass")
    asked = ["make", "-s", "--eval", "dist: ; @echo $(DIST)", "dist", "SHUFFLE="]
    dist = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "/dev/null", "-p", "xdist", "-n", "2", *dist, "."],
        cwd=tmp_path, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "crashed while running 'test_c.py::test_dies'" in ran.stdout


class Process:
    """One of several that run tests."""

    shutting_down = False
    gateway = SimpleNamespace(id="")

    def __init__(self) -> None:
        self.tests: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.tests += indices

    def shutdown(self) -> None:
        self.shutting_down = True


@pytest.mark.parametrize(("count", "taken"), [(2, ["ikmac", "jlnbd"]), (3, ["ikma", "jln", "dcb"])])
def test_the_last_of_three_processes_leaves_journeys_to_the_others(count: int, taken: list[str]) -> None:
    files = [f"tests/{name}.py" for name in "abcd"] + [f"tests/flows/{name}.py" for name in "ijklmn"]
    tests = [f"{file}::{number}" for file in files for number in range(3)]
    option = SimpleNamespace(loadscopereorder=False)
    config = SimpleNamespace(getvalue=lambda name: {"tx": ["popen"] * count}[name], option=option)
    scheduler = SharedOut(config)
    processes = [Process() for _ in range(count)]
    for process in processes:
        scheduler.add_node(process)
        scheduler.add_node_collection(process, tests)
    scheduler.schedule()
    for turn in range(len(tests)):
        for process in processes:
            if turn < len(process.tests):
                scheduler.mark_test_complete(process, process.tests[turn])

    assert scheduler.tests_finished
    assert all(process.shutting_down for process in processes)
    done = [
        dict.fromkeys(Path(tests[each].partition("::")[0]).stem for each in process.tests)
        for process in processes
    ]
    assert list(map("".join, done)) == taken
