"""Uploads in a real browser: interrupted by a reload and by a lost connection, gone on with, imported."""

import hashlib
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.images.create.importing import MIB, make_disks
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser]
SIZE = 24 * MIB
SLOW = 4 * MIB  # bytes a second: enough time to interrupt it


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A raw disk of bytes that cannot be guessed, behind a partition table."""
    path = make_disks(tmp_path) / "disk.raw"
    with path.open("ab") as file:
        file.write(os.urandom(SIZE - path.stat().st_size))
    return path.rename(tmp_path / f"flow-{os.urandom(4).hex()}.raw")


def throttle(page: Page, bytes_per_s: int) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_s},
    )
    return session


def in_small_pieces(page: Page) -> None:
    """Slow as well, and goes together with `set_offline`."""
    page.evaluate("document.querySelector('[data-uploader]').dataset.chunkBytes = 131072")


def choose(page: Page, disk: Path, button: str = "Next") -> None:
    page.locator("input[type=file]").set_input_files(disk)
    page.get_by_role("button", name=button, exact=True).click()


def percent(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("[data-upload-percent]").text_content() or "") or 0)


def wait_percent(page: Page, least: int) -> None:
    wait_for(lambda: percent(page) >= least, f"the upload does not reach {least} %")


def test_an_upload_survives_a_reload_and_a_lost_connection_and_becomes_an_image(
    visitor, console: Console, disk: Path
):
    alice: Visitor = visitor(locale="en-US")
    page = alice.sign_in("alice")
    page.on("dialog", lambda dialog: dialog.accept())
    alice.open("/images/create/")
    throttled = throttle(page, SLOW)
    choose(page, disk)
    wait_percent(page, 15)
    alice.look()
    page.reload()
    throttled.detach()  # or its conditions, which say online, would hold instead of `set_offline`

    in_small_pieces(page)
    expect(page.get_by_role("link", name=f"Resume {disk.name}")).to_be_visible()
    choose(page, disk)
    wait_for(lambda: page.locator("[data-upload-progress]").is_visible(), "it does not go on")
    wait_percent(page, 10)
    page.context.set_offline(True)
    expect(page.locator("[data-upload-says]")).to_contain_text(
        "connection is lost; what was sent is kept. Trying again in 2 s."
    )
    alice.troubles.clear()  # the browser reports each request without a connection
    before = percent(page)
    page.context.set_offline(False)
    wait_percent(page, before + 5)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-upload-says]")).to_contain_text("Paused at")
    alice.look()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/details/")
    assert hashlib.sha256(disk.read_bytes()).hexdigest() in page.content()
    alice.look()


def test_another_file_is_not_taken_for_the_one_that_was_begun_and_another_browser_goes_on(
    visitor, console: Console, disk: Path, tmp_path: Path
):
    first: Visitor = visitor(locale="en-US")
    page = first.sign_in("alice")
    first.open("/uploads/")
    throttle(page, SLOW)
    choose(page, disk, "Upload")
    wait_percent(page, 20)
    page.context.close()

    second: Visitor = visitor(locale="en-US", color_scheme="dark", viewport={"width": 390, "height": 844})
    page = second.sign_in("alice")
    second.open("/uploads/")
    page.get_by_role("link", name=disk.name, exact=True).click()
    second.look()
    other = tmp_path / "other.raw"
    other.write_bytes(b"x")
    choose(page, other, "Resume")
    expect(page.locator("[data-upload-says]")).to_contain_text("This is another file")
    alike = tmp_path / "alike" / disk.name
    alike.parent.mkdir()
    alike.write_bytes(bytes(SIZE))
    choose(page, alike, "Resume")
    expect(page.locator("[data-upload-says]")).to_contain_text("another content")
    choose(page, disk, "Resume")
    expect(page.locator("main")).to_contain_text("What is in the file")
    second.look()
    assert hashlib.sha256(disk.read_bytes()).hexdigest() in page.content()
    page.get_by_role("link", name="Import image").click()
    page.get_by_role("button", name="Next", exact=True).click()
    page.wait_for_url("**/details/")


def test_two_tabs_on_one_upload_one_writes_and_the_other_is_told(visitor, console: Console, disk: Path):
    alice: Visitor = visitor(locale="en-US")
    page = alice.sign_in("alice")
    alice.open("/uploads/")
    throttle(page, MIB)
    choose(page, disk, "Upload")
    wait_percent(page, 5)
    tab = page.context.new_page()
    tab.goto(f"{alice.url}/uploads/")
    choose(tab, disk, "Upload")
    expect(tab.locator("[data-upload-says]")).to_contain_text("another tab")
    throttle(page, -1)
    page.wait_for_load_state("load")
    expect(tab.locator("table")).to_contain_text(disk.name)
    assert tab.request.get(f"{alice.url}/uploads/", max_retries=3).text().count(f">{disk.name}<") == 1


def test_a_file_that_is_no_image_is_refused_with_its_sentence(visitor, console: Console, tmp_path: Path):
    alice: Visitor = visitor(locale="en-US")
    page = alice.sign_in("alice")
    alice.open("/images/create/")
    text = tmp_path / "page.raw"
    text.write_bytes(b"<!doctype html><html>" * 200_000)
    choose(page, text)
    expect(page.locator("[data-upload-says]")).to_contain_text("This is not a disk image")
    expect(page.get_by_role("button", name="Next")).to_be_enabled()
