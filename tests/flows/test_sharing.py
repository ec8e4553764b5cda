"""An image is shared, used, taken back with notice, and kept as a copy: two browsers, and a third that sees nothing."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.engine.guests import tiny_disk
from tests.flows.quickly import imported, says
from tests.flows.steps import becomes, create_server, project_of, status
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


def test_an_image_is_shared_used_and_taken_back(visitor, console: Console, tmp_path: Path):
    """The receiver has no scripts: the form, the inbox and the answers do without."""
    alice = visitor(locale="zh-CN")
    carol = visitor(locale="en-US", java_script_enabled=False)
    other = visitor(locale="en-US", java_script_enabled=False)
    name = "shared-in-a-flow"
    alice.sign_in("alice")
    carol.sign_in("carol")
    other.sign_in("admin")  # the platform's own project
    image = imported(console, tiny_disk(tmp_path / "disk.raw", "ALICE'S OWN"), name)

    offer(alice, image, project_of(carol))
    accept(carol, image)
    finds_in_address_book(alice, image, project_of(carol))
    server = create_server(carol, image, f"{name}-server")
    says(carol, server, "ALICE'S OWN")
    expect(alice.open(f"/images/{image}/members/").locator("#members-table")).to_contain_text("1")

    give_notice(alice, image)
    notice = carol.open(f"/images/{image}/").locator(".alert-warning")
    expect(notice).to_contain_text("stops sharing it at")
    copy = make_copy(carol, image)

    given = give_copies(alice, carol, image, name)
    assert carol.page.request.get(f"{carol.url}/images/{image}/", max_retries=3).status == 404
    page = carol.open(f"/servers/{server}/")
    expect(page.locator("main")).to_contain_text("An image not shared any more")
    assert status(page, f"{carol.url}/servers/{server}/") == "running"
    assert status(page, f"{carol.url}/images/{copy}/") == "active"

    offer(carol, given, project_of(alice))
    sees_nothing(other, given, name)
    expect(alice.open("/sharing/").locator("#inbox-table")).to_contain_text(given)
    sees_nothing(other, image, name)


def offer(alice: Visitor, image: str, project: str) -> None:
    """Type the ID and one that does not exist; both are checked, and the first gets it."""
    page = alice.open(f"/images/{image}/share/")
    page.locator("textarea[name=projects]").fill(f"{project}, {image}")
    if alice.scripts:
        expect(page.locator("#share-lines .share-yes")).to_have_count(1)
        expect(page.locator("#share-lines .share-no")).to_have_count(1)
    page.locator("input[name=note]").fill("for the journey")
    alice.send()
    page.wait_for_url("**/confirm/")
    expect(page.locator("main q")).to_have_text("for the journey")
    expect(page.locator("#share-lines .share-yes")).to_have_count(1)
    expect(page.locator("#share-lines .share-no")).to_have_count(1)
    alice.send()
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
    expect(page.locator("#inbox-table")).to_contain_text("for the journey")
    page.locator(f"tr:has-text('{image}') form[action$='/accept/'] button").click()
    page.wait_for_url(f"**/images/{image}/")
    carol.look()
    expect(carol.open("/images/?tab=shared").locator("main")).to_contain_text(image)


def finds_in_address_book(alice: Visitor, image: str, project: str) -> None:
    """Whoever accepted has a name from then on, is picked instead of typed, and can be removed."""
    expect(alice.open(f"/images/{image}/members/").locator("#members-table")).to_contain_text(" · ")
    page = alice.open(f"/images/{image}/share/")
    expect(page.locator(f"input[name=recent][value='{project}']")).to_have_count(1)
    alice.open("/sharing/recipients/")
    page.locator(f"#recipients-table tr:has-text('{project}') form button").click()
    expect(page.locator("#recipients-table")).not_to_contain_text(project)
    alice.look()


def give_notice(alice: Visitor, image: str) -> None:
    page = alice.open(f"/images/{image}/stop-sharing/")
    page.locator("input[name=how][value=notice]").check()
    send_answer(alice, page, image)


def give_copies(alice: Visitor, carol: Visitor, image: str, name: str) -> str:
    """The third way: the receiver's own copy is made, then sharing is over. Returns the copy's ID."""
    page = alice.open(f"/images/{image}/stop-sharing/")
    page.locator("input[name=how][value=copies]").check()
    send_answer(alice, page, image)
    gone = f"{carol.url}/images/{image}/"
    wait_for(
        lambda: carol.page.request.get(gone, max_retries=3).status == 404, "sharing did not end with the copy"
    )
    carol.open("/images/?tab=private").get_by_role("link", name=name, exact=True).first.click()
    carol.page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    return carol.page.url.rstrip("/").rsplit("/", 1)[1]


def send_answer(alice: Visitor, page: Page, image: str) -> None:
    page.locator("main form button.btn-danger").click()
    page.wait_for_url(f"**/images/{image}/members/")
    alice.look()


def make_copy(carol: Visitor, image: str) -> str:
    """The copy wizard, as it comes. Returns the copy's ID once it is Normal."""
    page = carol.open(f"/images/{image}/copy/")
    carol.send()
    page.wait_for_url("**/target/")
    carol.send()
    page.wait_for_url("**/confirm/")
    carol.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    copy = page.url.rstrip("/").rsplit("/", 1)[1]
    assert copy != image
    becomes(carol, f"/images/{copy}/", "active")
    return copy


def sees_nothing(other: Visitor, image: str, name: str) -> None:
    """No list, search, file, page or fragment tells a third project of it."""
    for path in (
        "/", "/sharing/", "/sharing/?tab=accepted", "/images/?tab=shared", f"/images/?tab=private&q={name[:6]}",
        "/images/export.csv?tab=shared", "/sharing/export.csv", "/messages/", "/servers/", "/audit/",
    ):  # fmt: skip
        answer = other.page.request.get(other.url + path, max_retries=3)
        text = answer.text()
        assert answer.status == 200, path
        assert image not in text, path
        assert f">{name}<" not in text, path
    for path in ("", "share/", "members/", "members.csv", "stop-sharing/", "reject/", "copy/", "delete/"):
        assert other.page.request.get(f"{other.url}/images/{image}/{path}", max_retries=3).status == 404, path
