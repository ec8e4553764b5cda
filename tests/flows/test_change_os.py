"""A server gets another OS and its own back, and is resized: which system runs with what is what the guests say."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.engine.guests import bootable_cd, dead_disk, tiny_boot_sector
from tests.flows.quickly import imported
from tests.flows.steps import SECRET, becomes, choose_login, create_server, press, ready, say_yes
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

A, B = "BusyBox demo A", "BusyBox demo B"
SAID = ".xterm-rows"
NO_WORD = "#server-change-os .alert-warning"
NO_WORD_TEXT = '<div class="alert alert-warning server-notice" role="status">'
SMALL, LARGE = ("t6-small-1", 1, 256), ("s6-large-2", 2, 4096)


def test_a_server_gets_another_os_and_another_size_and_its_own_os_back(
    visitor, console: Console, tmp_path: Path
):
    alice: Visitor = visitor(locale="en-US")
    name, boot_mode = "change-os", "bios"
    page = alice.sign_in("alice")
    image_a, image_b = (public_image(alice, identity, boot_mode) for identity in (A, B))
    tools = bootable_cd(tmp_path / "tools.iso", tiny_boot_sector("NEVER"), **{"tools.txt": b"42"})
    iso = imported(console, tools, "tools", type="iso")
    dead = imported(console, unbootable_disk(tmp_path, boot_mode), name)

    server = create_server(alice, image_a, name)
    log = boots(alice, server, A, times=1)
    marker = f"marker=IMS-MARKER {server}"
    assert f"boot={boot_mode}" in log
    assert marker in log
    assert size_told(log) == SMALL[1:]
    address = (told(log, "address"), told(log, "mac"))
    assert address == shown_address(alice.open(f"/servers/{server}/"))

    change_os(alice, server, image_b)
    assert address == shown_address(page)
    expect(page.locator("#kept-disks")).to_contain_text(A)
    expect(page.locator("#kept-disks a[href$='/undo/']")).to_be_visible()
    log = boots(alice, server, B, times=2)
    assert marker in log
    assert "password=set" in log
    assert address == (told(log, "address"), told(log, "mac"))
    answers_at_its_serial_console(alice, server)
    reads_a_mounted_iso(alice, server, iso)
    expect(page.locator(NO_WORD)).to_have_count(0)

    change_os(alice, server, dead)
    there = f"{alice.url}/servers/{server}/"
    wait_for(lambda: NO_WORD_TEXT in page.request.get(there, max_retries=3).text(), "it was not noticed")
    expect(alice.open(f"/servers/{server}/").locator(NO_WORD)).to_be_visible()
    undo(alice, f"{NO_WORD} a[href$='/undo/']")
    becomes(alice, f"/servers/{server}/", "running")
    assert address == shown_address(page)
    expect(page.locator(NO_WORD)).to_have_count(0)
    press(alice, server, "force-off", "stopped")  # one boot more says the undo and the size
    resize(alice, server, LARGE[0])
    before = ready(alice, server, 2).count("IMS-GUEST ready")
    press(alice, server, "start", "running")
    log = boots(alice, server, B, times=before + 1)
    assert marker in log
    assert size_told(log) == LARGE[1:]


def public_image(alice: Visitor, identity: str, boot_mode: str) -> str:
    """The ID of one of the demo's images."""
    text = alice.page.request.get(f"{alice.url}/images/?tab=public", max_retries=3).text()
    found = re.search(
        rf'/images/([0-9a-f-]{{36}})/"[^>]*>\s*{identity}[^<]*{boot_mode}\s*<', text, re.IGNORECASE
    )
    assert found, text
    return found[1]


def unbootable_disk(folder: Path, boot_mode: str) -> Path:
    """A disk with a partition table, and for BIOS a boot sector, but with nothing to boot."""
    disk = dead_disk(folder / f"dead-{boot_mode}.raw", size_bytes=16 * 1024**2)
    table = "label: dos\n,,83,*\n" if boot_mode == "bios" else "label: gpt\n,,U\n"
    subprocess.run(["/usr/sbin/sfdisk", "-q", "--no-tell-kernel", disk], input=table, text=True, check=True)
    return disk


def change_os(alice: Visitor, server: str, image: str) -> None:
    """Choose an image of the server's own category, say that it may be stopped if it runs; read; confirm; wait."""
    page = alice.open(f"/servers/{server}/change-os/?image={image}")
    expect(page.locator(f"#image-{image}")).to_be_checked()
    if (box := page.locator("input[name=stop_first]")).count():
        box.check()
    choose_login(page)
    alice.go_on(re.compile(r"/change-os/[0-9a-f-]{36}/$"))
    expect(page.locator("main")).to_contain_text(server)
    alice.send()
    page.wait_for_url(re.compile(rf"/servers/{server}/$"))
    becomes(alice, f"/servers/{server}/", "running")


def undo(alice: Visitor, link: str) -> None:
    alice.page.locator(link).click()
    say_yes(alice.page)
    alice.page.wait_for_load_state("load")


def boots(alice: Visitor, server: str, identity: str, *, times: int) -> str:
    """What the guest says once it is ready for that many times: nothing of what was said before."""
    log = ready(alice, server, times)
    last = log.split("IMS-GUEST ready")[times - 1]
    assert f"identity={identity} " in last, log
    return last


def answers_at_its_serial_console(alice: Visitor, server: str) -> None:
    """Somebody signs in there with the password and asks; hostile words stay words."""
    page = alice.open(f"/servers/{server}/serial/")
    title = page.title()
    hostile = r"printf '\033]0;evil\007\033[38;2;9;9;9m<b>bold</b>\n'"
    for awaited, typed in (("IMS-GUEST ready", ""), ("login:", "root\n"), ("Password:", f"{SECRET}\n")):
        types(page, typed, after=awaited)
    types(page, f"{hostile}; echo IMS-$((6*7)); sleep 999\n", after="built-in shell")
    expect(page.locator(SAID)).to_contain_text("IMS-42")
    expect(page.locator(SAID)).to_contain_text("<b>bold</b>")
    assert page.title() == title
    page.locator("[data-key=ctrl-c]").click()
    # without a ^C, where the shell had the terminal back before it was echoed
    types(page, "echo again-$((6*7))\n", after=re.compile("IMS-42.*~ #", re.DOTALL))
    expect(page.locator(SAID)).to_contain_text("again-42")
    alice.look()
    assert "again-42" in page.request.get(f"{alice.url}/servers/{server}/console.txt", max_retries=3).text()


def types(page: Page, text: str, *, after: str | re.Pattern[str]) -> None:
    """At the serial console, once that has been said there."""
    expect(page.locator("[data-serial]")).to_have_attribute("data-state", "connected")
    expect(page.locator(SAID)).to_contain_text(after)
    page.keyboard.type(text)


def reads_a_mounted_iso(alice: Visitor, server: str, iso: str) -> None:
    """Somebody is signed in at its serial console, and looks there for what is mounted, and for what was ejected."""
    there, page = f"{alice.url}/servers/{server}/", alice.open(f"/servers/{server}/mount-iso/?image={iso}")
    eject = f"/servers/{server}/eject-iso/"
    alice.send()
    wait_for(lambda: eject in page.request.get(there, max_retries=3).text(), "the ISO is not mounted")
    page = alice.open(f"/servers/{server}/serial/")
    types(
        page,
        "clear; mkdir -p /iso; mount -t iso9660 -o ro /dev/sr1 /iso; ls /iso; umount /iso\n",
        after="again-42",
    )
    expect(page.locator(SAID)).to_contain_text("tools.txt")
    alice.open(eject.removeprefix(alice.url))
    say_yes(page)
    wait_for(lambda: eject not in page.request.get(there, max_retries=3).text(), "the ISO is not ejected")
    page = alice.open(f"/servers/{server}/serial/")
    # the first that is asked of a drive whose medium went may fail of that
    types(page, "until head -c 1 /dev/sr1 2>&1 | grep medium; do sleep 1; done\n", after="tools.txt")
    expect(page.locator(SAID)).to_contain_text("No medium found")
    alice.open(f"/servers/{server}/")


def told(log: str, name: str) -> str:
    """A value that the guest told of itself."""
    found = re.search(rf"IMS-GUEST {name}=(\S+)", log)
    assert found, log
    return found[1].split("/")[0]


def shown_address(page: Page) -> tuple[str, str]:
    """The private IP and MAC on a server's page."""
    text = page.locator(".server-side").inner_text()
    (ip,) = set(re.findall(r"192\.168\.\d+\.\d+", text))
    (mac,) = re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", text)
    return ip, mac


def resize(alice: Visitor, server: str, flavor: str) -> None:
    """Of a stopped server: choose a flavor, see what it changes; wait until it has that."""
    page = alice.open(f"/servers/{server}/resize/")
    page.locator(f"input[name=flavor][value={flavor}]").check()
    expect(page.locator("#summary")).to_contain_text(flavor)
    alice.send()
    page.wait_for_url(re.compile(rf"/servers/{server}/$"))
    page = becomes(alice, f"/servers/{server}/", "stopped")
    expect(page.locator(".server-side")).to_contain_text(flavor)


def size_told(said: str) -> tuple[int, int]:
    """The CPUs and the memory (MB) that the guest told as it started, with what its kernel keeps for itself."""
    memory_mb = int(told(said, "memory-kb")) / 1024
    given = next(size for _name, _cpus, size in (SMALL, LARGE) if 0.8 * size < memory_mb < size)
    return int(told(said, "cpus")), given
