"""An image is shared, used, taken back with notice, and kept as a copy: two browsers, and a third that sees nothing."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from imsconsole.demo.guest import built_guest
from tests.flows.steps import create_server, import_file, ready_log, status
from tests.flows.test_main_journey import guests
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]
JOURNEYS = (
    # options of the owner's browser, of the receiver's
    ({"locale": "zh-CN"}, {"locale": "en-US", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}}),
)  # fmt: skip


@pytest.mark.parametrize(("owner", "receiver"), JOURNEYS, ids=["zh-and-narrow-dark"])
def test_an_image_is_shared_used_and_taken_back(
    owner, receiver, visitor, console: Console, tmp_path: Path, request
):
    alice, carol, other = visitor(**owner), visitor(**receiver), visitor(locale="en-US")
    name = f"shared-{request.node.callspec.id}"
    alice.sign_in("alice")
    carol.sign_in("carol")
    other.sign_in("admin")  # the platform's own project
    disk = built_guest(guests(), name="Flow guest A", boot_mode="bios")
    image = import_file(alice, disk, name)

    offer(alice, image, project_of(carol))
    sees_nothing(other, image, name)
    accept(carol, image)
    server = create_server(carol, image, f"{name}-server")
    log = wait_for(lambda: ready_log(carol.page, carol.url, server), "the guest did not get ready", 120)
    assert "identity=Flow guest A" in log
    expect(alice.open(f"/images/{image}/members/").locator("#members-table")).to_contain_text("1")
    sees_nothing(other, image, name)

    give_notice(alice, image)
    notice = carol.open(f"/images/{image}/").locator(".alert-warning")
    expect(notice).to_contain_text("stops sharing it at")
    copy = make_copy(carol, image)

    stop_now(alice, image)
    assert carol.page.request.get(f"{carol.url}/images/{image}/").status == 404
    page = carol.open(f"/servers/{server}/")
    expect(page.locator("main")).to_contain_text("not shared any more")
    assert status(page, f"{carol.url}/servers/{server}/") == "running"
    assert status(page, f"{carol.url}/images/{copy}/") == "active"
    sees_nothing(other, image, name)

    kept = create_server(carol, copy, f"{name}-kept")
    log = wait_for(lambda: ready_log(carol.page, carol.url, kept), "the copy did not boot", 120)
    assert "identity=Flow guest A" in log


def project_of(visitor: Visitor) -> str:
    """The ID that is shown on the page of the visitor's project."""
    shown = visitor.open("/project/").locator("main code[data-copy]").first.text_content() or ""
    assert re.fullmatch(r"[0-9a-f-]{36}", shown.strip())
    return shown.strip()


def offer(alice: Visitor, image: str, project: str) -> None:
    """Type the ID and one that does not exist; the first gets it."""
    page = alice.open(f"/images/{image}/share/")
    page.locator("textarea[name=projects]").fill(f"{project}, {image}")
    if alice.scripts:
        expect(page.locator("#share-lines .share-yes")).to_have_count(1)
        expect(page.locator("#share-lines .share-no")).to_have_count(1)
        alice.look()
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/images/share/[0-9a-f-]{36}/$"))
    alice.look()
    expect(page.locator(".share-yes")).to_have_count(1)
    expect(page.locator(".share-no")).to_have_count(1)


def accept(carol: Visitor, image: str) -> None:
    """The red dot, the inbox, one click."""
    page = carol.open("/")
    assert page.locator(".nav-dot").count()
    page = carol.open("/sharing/")
    expect(page.locator("#inbox-table")).to_contain_text(image)
    page.locator(f"tr:has-text('{image}') form[action$='/accept/'] button").click()
    page.wait_for_url(f"**/images/{image}/")
    carol.look()
    expect(carol.open("/images/?tab=shared").locator("main")).to_contain_text(image)


def give_notice(alice: Visitor, image: str) -> None:
    page = alice.open(f"/images/{image}/stop-sharing/")
    page.locator("input[name=how][value=notice]").check()
    send_answer(alice, page, image)


def stop_now(alice: Visitor, image: str) -> None:
    page = alice.open(f"/images/{image}/stop-sharing/")
    page.locator("input[name=how][value=now]").check()
    send_answer(alice, page, image)


def send_answer(alice: Visitor, page: Page, image: str) -> None:
    page.locator("main form button.btn-danger").click()
    page.wait_for_url(f"**/images/{image}/members/")
    alice.look()


def make_copy(carol: Visitor, image: str) -> str:
    """The copy wizard, as it comes. Returns the copy's ID once it is Normal."""
    page = carol.open(f"/images/{image}/copy/")
    page.locator("#copy-kind button[type=submit]").click()
    page.wait_for_url("**/target/")
    carol.send()
    page.wait_for_url("**/confirm/")
    carol.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    copy = page.url.rstrip("/").rsplit("/", 1)[1]
    assert copy != image
    wait_for(lambda: status(page, f"{carol.url}/images/{copy}/") == "active", "the copy is not Normal")
    return copy


def sees_nothing(other: Visitor, image: str, name: str) -> None:
    """No list, search, file, page or fragment tells a third project of it."""
    for path in (
        "/", "/sharing/", "/sharing/?tab=accepted", "/images/?tab=shared", f"/images/?tab=private&q={name[:6]}",
        "/images/export.csv?tab=shared", "/sharing/export.csv", "/messages/", "/servers/", "/audit/",
    ):  # fmt: skip
        answer = other.page.request.get(other.url + path)
        text = answer.text()
        assert answer.status == 200, path
        assert image not in text, path
        assert f">{name}<" not in text, path
    for path in ("", "share/", "members/", "members.csv", "stop-sharing/", "reject/", "copy/", "delete/"):
        assert other.page.request.get(f"{other.url}/images/{image}/{path}").status == 404, path
