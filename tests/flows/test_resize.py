"""A server is seen busy when it is, and resized: how many CPUs and how much memory it has is what its guest says."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.flows.steps import SECRET, becomes, create_server, ready
from tests.flows.test_change_os import public_image, told
from tests.support.console import Console
from tests.support.ssh import said
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

SECONDS = 6
MEASURE = """
import time
from datetime import timedelta
from imsconsole.cloud.use.measuring import measure_all
from imsconsole.core import now as clock
clock.move(-timedelta(minutes=%d))
time.sleep(%d)
measure_all()
"""
READS = "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda of=/dev/null bs=1M count=64"
BUSY = (
    " ".join(f"setsid sh -c 'while :; do {deed}; done' </dev/null >/dev/null 2>&1 &" for deed in (":", READS))
    + " echo busy"
)
SMALL, LARGE = ("t6-small-1", 1, 256), ("s6-large-2", 2, 4096)


def test_a_server_is_seen_busy_resized_and_resized_back(visitor, console: Console, tmp_path: Path):
    alice: Visitor = visitor()
    alice.sign_in("alice")
    server = create_server(alice, public_image(alice, "BusyBox demo A", "bios"), "resized")
    assert size_told(ready(alice, server), 1) == SMALL[1:]
    is_seen_busy(alice, server, console, tmp_path)

    resize(alice, server, LARGE[0])
    assert size_told(ready(alice, server, 2), 2) == LARGE[1:]

    page = alice.open(f"/servers/{server}/resize/")
    expect(page.locator("tr", has_text="former")).to_contain_text(SMALL[0])
    resize(alice, server, SMALL[0])


def is_seen_busy(alice: Visitor, server: str, console: Console, tmp_path: Path) -> None:
    """Its plots and numbers say when it began to be busy. The clock would read it each minute; here some seconds are one."""
    console.python(MEASURE % (30, 0))
    console.python(MEASURE % (29, SECONDS))
    line = alice.open(f"/servers/{server}/").locator("code", has_text="ssh -p").inner_text()
    assert said(line, BUSY, tmp_path, password=SECRET) == "busy\n"
    console.python(MEASURE % (28, 0))
    console.python(MEASURE % (27, SECONDS))

    page = alice.open(f"/servers/{server}/use/")
    rows = page.locator("details.card").first.locator("tbody tr").all()  # the oldest last
    idle, busy = ([cell.text_content() or "" for cell in rows[at].locator("td").all()] for at in (-1, -3))
    assert percent(busy[0]) > max(10, 3 * percent(idle[0])), (idle, busy)
    assert "MiB/s" in busy[2], (idle, busy)  # read
    assert "MiB" not in idle[2], (idle, busy)
    hour = page.locator("#server-use .use-plots").first
    assert hour.locator("svg polyline").count() >= 4  # CPU, memory, read and written
    alice.look()


def percent(cell: str) -> int:
    return int(cell.removesuffix(" %"))


def resize(alice: Visitor, server: str, flavor: str) -> None:
    """Choose a flavor, see what it changes, say that the server may be stopped; wait until it runs again."""
    page = alice.open(f"/servers/{server}/resize/")
    page.locator(f"input[name=flavor][value={flavor}]").check()
    expect(page.locator("#summary")).to_contain_text(flavor)
    page.get_by_label("Stop the server first").check()
    alice.send()
    page.wait_for_url(re.compile(rf"/servers/{server}/$"))
    page = becomes(alice, f"/servers/{server}/", "running")
    expect(page.locator(".server-side")).to_contain_text(flavor)


def size_told(log: str, times: int) -> tuple[int, int]:
    """The CPUs and the memory (MB) that the guest told at its last start, with what its kernel keeps for itself."""
    last = log.split("IMS-GUEST ready")[times - 1]
    memory_mb = int(told(last, "memory-kb")) / 1024
    given = next(size for _name, _cpus, size in (SMALL, LARGE) if 0.8 * size < memory_mb < size)
    return int(told(last, "cpus")), given
