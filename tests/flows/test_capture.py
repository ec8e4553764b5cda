"""Images of a running server and of its data disk: what was on them, other guests say."""

import re

import pytest
from playwright.sync_api import Page, expect

from imsconsole.core.project_urls import bare
from tests.flows.steps import becomes, create_server, ready, status
from tests.flows.test_change_os import A, public_image
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


def test_a_server_and_its_data_become_images_and_come_back(visitor, console: Console):
    alice: Visitor = visitor(locale="zh-CN")
    name = "capture"
    page = alice.sign_in("alice")
    first = create_server(alice, public_image(alice, A, "bios"), name)
    marker = f"marker=IMS-MARKER {first}"
    assert marker in ready(alice, first)

    disk_page = data_disk_of(alice, first)
    data = image_of(alice, disk_page, f"{name}-data")
    system = image_of(alice, f"/servers/{first}/", f"{name}-system")
    assert status(page, f"{alice.url}/servers/{first}/") == "running"
    console.cut_power(first)

    disk = disk_from(alice, data, f"{name}-copy")
    second = create_server(alice, system, f"{name}-two")
    assert f"identity={A} " in ready(alice, second)
    attach(alice, second, disk)
    wait_for(lambda: marker in log_of(page, alice, second), "the new disk does not hold the data")


def data_disk_of(alice: Visitor, server: str) -> str:
    """The address of the server's data disk."""
    page = alice.open(f"/servers/{server}/")
    links = [link.get_attribute("href") or "" for link in page.locator("main a[href*='/disks/']").all()]
    addresses = [link for link in links if re.fullmatch(r"/disks/[0-9a-f-]{36}/", bare(link))]
    return addresses[-1]


def image_of(alice: Visitor, thing: str, name: str) -> str:
    """By the button of a server or disk, through the wizard; then until the image is Normal. Its ID."""
    page = alice.open(thing)
    if "/servers/" in thing:
        page.locator("#thing-actions .menu summary").click()
    page.locator("main a[href*='/images/create/from-']").first.click()
    page.wait_for_url(re.compile(r"/images/create/from-"))
    alice.look()
    expect(page.locator("#create-choices input:checked")).to_have_count(1)
    alice.send()
    page.wait_for_url("**/details/")
    page.locator("input[name=details-name_1]").fill(name)
    alice.send()
    page.wait_for_url("**/confirm/")
    expect(page.locator("main")).to_contain_text(name)
    alice.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    image = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/images/{image}/", "active")
    alice.look()
    return image


def disk_from(alice: Visitor, image: str, name: str) -> str:
    """By the image's own button. The disk's ID."""
    page = alice.open(f"/images/{image}/")
    page.locator("#thing-actions a[href*='/disks/create/']").click()
    page.wait_for_url(re.compile(r"/disks/create/"))
    alice.look()
    expect(page.locator(f"input[name=image][value='{image}']")).to_be_checked()
    page.locator("input[name=name]").fill(name)
    alice.go_on(re.compile(r"/disks/create/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/disks/[0-9a-f-]{36}/$"))
    disk = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/disks/{disk}/", "available")
    return disk


def attach(alice: Visitor, server: str, disk: str) -> None:
    page = alice.open(f"/disks/{disk}/attach/")
    page.locator(f"input[name=server][value='{server}']").check()
    alice.send()
    becomes(alice, f"/disks/{disk}/", "in-use")


def log_of(page: Page, alice: Visitor, server: str) -> str:
    return page.request.get(f"{alice.url}/servers/{server}/console.txt", max_retries=3).text()
