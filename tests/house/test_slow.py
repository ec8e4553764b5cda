"""A test that takes over a quarter of a second, without a guest or a browser, says why in its marker; the longest come first."""

import re
from dataclasses import dataclass

import pytest

from tests.support.order import dearest_first

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
    assert "".join(dict.fromkeys(name[0] for name in ordered)) == "ecbad"
    files = [name[0] for name in ordered]
    assert files == sorted(files, key="ecbad".index), "a file is whole"
    assert sorted(ordered) == sorted(each.nodeid for each in tests)
