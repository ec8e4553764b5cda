"""A server is resized and resized back: how many CPUs and how much memory it has is what its guest says."""

import re

import pytest
from playwright.sync_api import expect

from tests.flows.steps import becomes, create_server, ready
from tests.flows.test_change_os import public_image, told
from tests.support.console import Console
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

SMALL, LARGE = ("t6-small-1", 1, 256), ("s6-large-2", 2, 4096)


def test_a_server_is_resized_and_back(visitor, console: Console):
    alice: Visitor = visitor()
    alice.sign_in("alice")
    server = create_server(alice, public_image(alice, "BusyBox demo A", "bios"), "resized")
    assert size_told(ready(alice, server), 1) == SMALL[1:]

    resize(alice, server, LARGE[0])
    assert size_told(ready(alice, server, 2), 2) == LARGE[1:]

    page = alice.open(f"/servers/{server}/resize/")
    expect(page.locator("tr", has_text="former")).to_contain_text(SMALL[0])
    resize(alice, server, SMALL[0])
    assert size_told(ready(alice, server, 3), 3) == SMALL[1:]


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
