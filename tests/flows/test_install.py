"""From an ISO to servers of one's own: installed on the screen in the browser, made an image, started anew.

Somebody without scripts sees the screen as well, as a picture.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.flows.steps import becomes, choose_login, made_image, press
from tests.support.console import Console, wait_for
from tests.support.installer import INSTALLED, installer_iso
from tests.support.visitor import Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.guest,
    pytest.mark.slow(reason="a whole life, with two guests"),
]
PATIENCE_S = 240
NAME = "Blue-Moon_7"
ID = r"[0-9a-f-]{36}"
PICTURE = "data:image/png;base64,"


@pytest.fixture(scope="session")
def iso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = Path.home() / ".cache" / "ims-console"
    cache.mkdir(parents=True, exist_ok=True)
    return installer_iso(cache)


def test_a_system_is_installed_on_its_screen_and_becomes_an_image(
    visitor: Callable[..., Visitor], console: Console, iso: Path
) -> None:
    alice = visitor(locale="en-US")
    alice.sign_in("alice")
    image = import_iso(alice, iso, "installer-cd")
    server = install(alice, image, "installer")
    bob = visitor(java_script_enabled=False, locale="zh-CN")
    bob.sign_in("bob")
    sees_its_picture(bob, server)
    answer_on_the_screen(alice, server)
    made = capture(alice, server, "blue-moon")
    delete(alice, server)
    copy = launch(alice, made, "from-blue-moon")
    wait_for(lambda: f"{INSTALLED} {NAME}" in log_of(alice, copy), "the image does not boot", PATIENCE_S)
    assert "IMS-INSTALLER" not in log_of(alice, copy)
    press(bob, copy, "force-off", "stopped")  # it would not hear the button
    expect(bob.open(f"/servers/{copy}/screen/").locator("main")).to_contain_text("已关机")


def sees_its_picture(bob: Visitor, server: str) -> None:
    """Without scripts: a page that was open before the screen was first looked at stays as it is until it is asked for anew."""
    path = f"/servers/{server}/screen/"
    wait_for(
        lambda: PICTURE in bob.page.request.get(bob.url + path, max_retries=3).text(), "nobody looks at it"
    )
    page = bob.open(path)
    expect(page.locator("#server-screen img")).to_be_visible()
    expect(page.locator("[data-screen]")).to_be_hidden()
    page.get_by_role("link", name="刷新").click()
    expect(page.locator("#server-screen img")).to_be_visible()


def import_iso(alice: Visitor, iso: Path, name: str) -> str:
    page = alice.open("/images/create/?type=iso")
    page.locator("input[type=file]").set_input_files(iso)
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_url("**/details/")
    alice.look()
    page.locator("input[name=details-name]").fill(name)
    choose_system(page, "debian 12", "Debian 12 64bit")
    alice.send()
    page.wait_for_url("**/confirm/")
    alice.send()
    return made_image(alice)


def choose_system(page: Page, words: str, name: str) -> None:
    """With the keyboard alone: words, an arrow there and back, Enter; then what was chosen is there."""
    field = page.get_by_role("combobox", name="OS version")
    field.focus()
    page.keyboard.type(words)
    options = page.locator(".combobox [role=option]")
    expect(options.first).to_contain_text(name)
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", re.compile("-1$"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(options).to_have_count(0)
    expect(field).to_have_value(name)
    expect(page.get_by_label("OS family")).to_have_value("")
    assert page.locator("select[name=details-os_version] option:checked").text_content() == name


def install(alice: Visitor, image: str, name: str) -> str:
    page = alice.open(f"/images/{image}/")
    expect(page.locator("#thing-actions")).to_contain_text("only temporary ones")
    page.get_by_role("link", name="Install server").click()
    page.locator("input[name=name]").fill(name)
    alice.look()
    page.locator("input[name=flavor]:enabled").nth(1).check()
    alice.go_on(re.compile(rf"/install/{ID}/$"))
    alice.send()
    page.wait_for_url(re.compile(rf"/servers/{ID}/$"))
    server = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/servers/{server}/", "running")
    alice.look()
    expect(page.locator("main")).to_contain_text("Temporary server")
    return server


def answer_on_the_screen(alice: Visitor, server: str) -> None:
    """Half of the answer by the keys of this browser, half of it pasted; then it installs and restarts."""
    page = alice.page
    page.get_by_role("link", name="Open its screen").click()
    connected(page)
    alice.look()
    wait_for(lambda: "asks, disks: 1" in log_of(alice, server), "the installer does not ask", PATIENCE_S)
    page.get_by_role("button", name="Type into the screen").click()
    expect(page.locator("[data-frame] canvas")).to_be_focused()
    page.keyboard.type("Blue-x", delay=60)
    page.keyboard.press("Backspace", delay=60)
    page.keyboard.press("Control+Alt+Home")
    expect(page.get_by_role("button", name="Type into the screen")).to_be_focused()
    full_screen_and_back(page)
    page.locator(".live-paste summary").click()
    page.locator(".live-paste textarea").fill("Moon_7")
    page.get_by_role("button", name="Type it").click()
    wait_for(lambda: "was told" in log_of(alice, server), "it was told nothing")
    assert f"was told {NAME}\n" in log_of(alice, server)
    wait_for(lambda: f"{INSTALLED} {NAME}" in log_of(alice, server), "it does not restart", PATIENCE_S)
    assert log_of(alice, server).count("asks") == 1
    connected(page)


def full_screen_and_back(page: Page) -> None:
    """Its button, and the same again; keys go to the screen meanwhile."""
    button, canvas = page.get_by_role("button", name="Full screen"), page.locator("[data-frame] canvas")
    button.click()
    expect(page.locator("[data-screen]:fullscreen")).to_have_count(1)
    expect(canvas).to_be_focused()
    expect(button).to_be_visible()
    button.click()
    expect(page.locator(":fullscreen")).to_have_count(0)
    connected(page)


def connected(page: Page) -> None:
    expect(page.locator("[data-screen]")).to_have_attribute("data-state", "connected")


def capture(alice: Visitor, server: str, name: str) -> str:
    page = alice.open(f"/servers/{server}/")
    page.locator("#thing-actions .menu summary").click()
    page.get_by_role("link", name="Create image").click()
    expect(page.locator("input[name=server]:checked")).to_have_count(1)
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_url("**/details/")
    page.locator("input[name=details-name_1]").fill(name)
    alice.send()
    page.wait_for_url("**/confirm/")
    alice.send()
    return made_image(alice)


def delete(alice: Visitor, server: str) -> None:
    page = alice.open(f"/servers/{server}/delete/")
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_load_state("load")
    gone = f"{alice.url}/servers/{server}/"
    wait_for(lambda: page.request.get(gone, max_retries=3).status == 404, "the server is not deleted")


def launch(alice: Visitor, image: str, name: str) -> str:
    page = alice.open(f"/servers/create/?image={image}")
    page.locator("input[name=name]").fill(name)
    choose_login(page)
    alice.go_on(re.compile(rf"/servers/create/{ID}/$"))
    alice.send()
    page.wait_for_url(re.compile(rf"/servers/{ID}/$"))
    server = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/servers/{server}/", "running")
    return server


def log_of(alice: Visitor, server: str) -> str:
    """The whole console log."""
    return alice.page.request.get(f"{alice.url}/servers/{server}/console.txt", max_retries=3).text()
