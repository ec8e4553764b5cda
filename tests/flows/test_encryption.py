"""An encrypted image from its file to a guest, and what is said when its key is disabled (R90, R91)."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.engine.guests import tiny_disk
from tests.flows.quickly import says
from tests.flows.steps import create_server, import_file, press
from tests.support.console import Console
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]
SENTENCE = "is not enabled, so nothing that is encrypted with it can be used"
WORD = "LET ME IN"


def test_an_encrypted_image_boots_until_its_key_is_disabled(
    visitor, console: Console, tmp_path: Path
) -> None:
    alice: Visitor = visitor(locale="en-US", color_scheme="dark", viewport={"width": 390, "height": 844})
    name = "vault"
    page = alice.sign_in("alice")
    alice.open("/keys/create/")
    page.locator("input[name=name]").fill(name)
    alice.send()
    page.wait_for_url(re.compile(r"/keys/[0-9a-f-]{36}/$"))
    key = page.url.rstrip("/").rsplit("/", 1)[1]

    image = import_file(alice, tiny_disk(tmp_path / "secret.raw", WORD), name, key=name)
    alice.open(f"/images/{image}/")
    expect(page.locator("main")).to_contain_text(key)
    server = create_server(alice, image, name)
    says(alice, server, WORD)
    press(alice, server, "force-off", "stopped")  # it does not hear the button

    alice.open(f"/keys/{key}/disable/")
    alice.look()
    expect(page.locator("main")).to_contain_text(f"{name}-system")
    alice.send()
    alice.open(f"/servers/{server}/")
    alice.look()
    expect(page.locator("main")).to_contain_text(SENTENCE)
    expect(page.locator(f"main form[action$='/servers/{server}/start/']")).to_have_count(0)
    alice.open(f"/images/{image}/")
    expect(page.locator("main")).to_contain_text(SENTENCE)

    alice.open(f"/keys/{key}/")
    enable = page.locator(f"form[action$='/keys/{key}/enable/'] button").first
    page.locator("details.menu", has=enable).locator("summary").click()
    enable.click()
    page.wait_for_load_state("load")
    press(alice, server, "start", "running")  # QEMU opens its disks first
