"""What a page asks for again by itself, and is gone or fails: told of once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.engine.guests import tiny_disk
from tests.flows.quickly import imported, launched
from tests.support.console import PASSWORD, Console
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]
ASKS_AGAIN = '#main [hx-trigger^="every"]'


def test_a_server_that_was_deleted_elsewhere_is_told_of_once_and_asked_for_no_more(
    visitor: Callable[..., Visitor], console: Console, tmp_path: Path
):
    alice, bob = visitor(), visitor()
    alice.sign_in("alice")
    bob.sign_in("bob")
    server = launched(console, imported(console, tiny_disk(tmp_path / "disk.raw"), "gone"), "here-and-gone")
    page = alice.open(f"/servers/{server}/")
    expect(page.locator(ASKS_AGAIN)).to_have_count(4)  # the server, its screen, its console and its use

    bob.open(f"/servers/{server}/delete/").locator("main form button[type=submit]").click()
    bob.page.wait_for_url("**/servers/")

    expect(page.locator("h1")).to_have_text("Not found")
    expect(page.locator(ASKS_AGAIN)).to_have_count(0)
    expect(page.locator("#toasts .notice")).to_have_count(0)


def test_a_part_that_is_gone_from_a_page_that_stays_is_told_of_once(visitor: Callable[..., Visitor]):
    bob = visitor()
    bob.sign_in("bob")
    page = bob.open("/images/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/progress/" in request.url else None)
    page.evaluate(
        """() => { for (const number of [1, 2]) {
            main.insertAdjacentHTML("beforeend", `<p id="part-${number}" hx-get="${location.pathname.replace("images/", "")}jobs/00000000-0000-4000-8000-00000000000${number}/progress/"
                hx-trigger="every 500ms">As it was</p>`);
            htmx.process(document.getElementById(`part-${number}`));
        } }"""
    )
    expect(page.locator("#toasts .notice-error")).to_have_count(1)
    expect(page.locator(ASKS_AGAIN)).to_have_count(0)
    expect(page.locator("#part-1")).to_have_text("As it was")
    assert len(asked) == 2


def test_an_answer_that_fails_again_and_again_is_told_of_once(visitor: Callable[..., Visitor]):
    bob = visitor()
    bob.sign_in("bob")
    page = bob.open("/images/")
    page.evaluate(
        """() => { main.insertAdjacentHTML("beforeend", `<p id="part" hx-get="/servers/create/" hx-trigger="every 200ms">As it was</p>`);
            htmx.process(part); }"""
    )
    page.route("**/servers/create/", lambda route: route.fulfill(
        status=500, headers={"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}, body='<div class="notice notice-error">No</div>'
    ))  # fmt: skip
    for _ in range(4):
        page.wait_for_event("response", lambda response: response.status == 500)
    expect(page.locator("#toasts .notice-error")).to_have_count(1)
    expect(page.locator(ASKS_AGAIN)).to_have_count(1)


def test_who_was_signed_out_elsewhere_is_led_to_sign_in_once(visitor: Callable[..., Visitor]):
    bob = visitor()
    bob.sign_in("bob")
    page = bob.open("/images/")
    other = page.context.new_page()
    other.goto(bob.url)
    other.locator("form[action$='/accounts/logout/'] button").first.evaluate("button => button.form.submit()")
    other.wait_for_load_state()
    page.evaluate(
        """() => { main.insertAdjacentHTML("beforeend", `<p id="part" hx-get="${location.href}" hx-trigger="every 200ms">As it was</p>`);
            htmx.process(part); }"""
    )
    page.wait_for_url("**/accounts/login/?next=**")
    expect(page.locator("#toasts .notice")).to_have_count(0)


def test_a_form_that_lost_its_session_or_its_token_comes_back_filled(visitor: Callable[..., Visitor]):
    bob = visitor(locale="en-US")
    bob.sign_in("bob")
    page = bob.open("/vaults/create/")
    name, capacity = page.locator("input[name=name]"), page.locator("input[name=capacity_gb]")
    create = page.get_by_role("button", name="Create", exact=True)
    name.fill("kept-vault")
    capacity.fill("7")
    page.context.clear_cookies(name="sessionid")
    create.click()
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    bob.look()
    page.locator("input[name=login]").fill("bob")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    expect(page.get_by_text("Nothing was sent yet")).to_be_visible()
    expect(name).to_have_value("kept-vault")

    page.context.clear_cookies(name="csrftoken")
    capacity.fill("8")
    create.click()
    expect(capacity).to_have_value("8")
    bob.look()
    create.click()
    expect(page.locator("h1")).to_contain_text("kept-vault")
