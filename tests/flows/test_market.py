"""The market from the first application to the last reinstallation: publisher, operator and buyer, each at a browser."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Picture
from playwright.sync_api import expect

from tests.engine.guests import tiny_disk
from tests.flows.quickly import imported, says
from tests.flows.steps import becomes, choose_login, status
from tests.flows.test_change_os import change_os
from tests.flows.test_every_page import DJANGOS
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]
ID = r"[0-9a-f-]{36}"
TITLE, PRICE = "Flow web server", "3.6"
# the same clock as in the workers, two hours later: all servers are looked at, then what is over is charged
TWO_HOURS_LATER = """
from datetime import timedelta
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.core import now as clock
from imsconsole.jobs.models import ClockEntry
from market.billing.known import RECONCILING
from market.billing.ledger import settle_usage
entry = ClockEntry.objects.filter(name=RECONCILING)
before = entry.values("started_at", "finished_at").get()
clock.move(timedelta(hours=2))
reconcile_all()
entry.update(started_at=clock.now(), finished_at=clock.now())
settle_usage()
entry.update(**before)
"""
NARROW = {"locale": "en-US", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}}


def test_an_image_is_published_bought_charged_replaced_and_withdrawn(
    visitor, console: Console, tmp_path: Path
):
    alice, carol, operator = visitor(locale="zh-CN"), visitor(**NARROW), visitor(locale="en-US")
    for one, name in ((alice, "alice"), (carol, "carol"), (operator, "admin")):
        one.sign_in(name)
    first = imported(console, tiny_disk(tmp_path / "first.raw", "WHAT WAS BOUGHT"), "sold-A")
    second = imported(console, tiny_disk(tmp_path / "second.raw", "THE NEWER ONE"), "sold-B")

    become_publisher(alice, operator)
    listing = offer(alice, first)
    publish(alice, operator, listing)
    expect(alice.open(f"/images/{first}/").locator("main")).to_contain_text("已发布")

    server = deploy(carol, listing)
    says(carol, server, "WHAT WAS BOUGHT")
    console.python(TWO_HOURS_LATER)
    charged(carol, server)
    earned(alice)

    new_version(alice, listing, second)
    publish(alice, operator, listing)
    expect(carol.open("/messages/").locator("main")).to_contain_text(TITLE)
    expect(carol.open(f"/servers/{server}/").locator("main")).to_contain_text("newer version")
    newer = accept_newer(carol, listing, server)
    change_os(carol, server, newer)
    says(carol, server, "THE NEWER ONE")

    withdraw(alice, listing)
    expect(carol.open("/market/").locator("main")).not_to_contain_text(TITLE)
    expect(carol.open(f"/market/{listing}/").locator("main")).to_contain_text("withdrawn")
    page = carol.open(f"/servers/{server}/")
    expect(page.locator("main")).to_contain_text("it can be reinstalled until")
    assert status(page, f"{carol.url}/servers/{server}/") == "running"
    assert operator.page.request.get(f"{operator.url}/market/{listing}/", max_retries=3).status == 404


def become_publisher(alice: Visitor, operator: Visitor) -> None:
    page = alice.open("/market/publisher/")
    page.locator("input[name=name]").fill("Flow works")
    page.locator("input[name=contact]").fill("works@example.test")
    page.locator("input[name=logo]").set_input_files(picture("logo.png", "PNG"))
    alice.send()
    approve(operator, "publisher", "Flow works", "Applied")


def offer(alice: Visitor, image: str) -> str:
    """The draft with all that it says, and a screenshot. Returns the listing's ID."""
    page = alice.open("/market/listings/create/")
    page.locator(f"input[name=image][value='{image}']").check()
    page.locator("select[name=category]").select_option(value="web")
    for name, text in {
        "title": TITLE,
        "version": "1.0",
        "summary": "A server that says who it is.",
        "software": "BusyBox 1.36\nDropbear",
        "description": "## Inside\n\n* BusyBox",
        "support": "works@example.test",
        "terms": "Use it as long as you pay.",
    }.items():
        page.locator(f"[name={name}]").fill(text)
    page.locator("input[name=unit][value=hour]").check()
    page.locator("input[name=amount]").fill(PRICE)
    alice.go_on(re.compile(rf"/market/listings/create/{ID}/$"))
    alice.send()
    page.wait_for_url(re.compile(rf"/market/listings/{ID}/edit/$"))
    page.locator("input[name=picture]").set_input_files(picture("shot.png", "PNG"))
    page.locator("input[name=caption]").fill("What one sees")
    page.locator("form[action$='/pictures/'] button[type=submit]").click()
    expect(page.locator("#pictures img")).to_have_count(1)
    alice.look()
    return page.url.split("/")[-3]


def new_version(alice: Visitor, listing: str, image: str) -> None:
    page = alice.open(f"/market/listings/{listing}/new-version/")
    page.locator(f"input[name=image][value='{image}']").check()
    page.locator("input[name=version]").fill("2.0")
    page.locator("form.version-form .form-actions button[type=submit]").click()
    page.wait_for_url(f"**/market/listings/{listing}/edit/")
    expect(page.locator("#pictures img")).to_have_count(1)


def publish(alice: Visitor, operator: Visitor, listing: str) -> None:
    """Send the draft in; its scan; the operator's word; the images in the regions."""
    alice.open(f"/market/listings/{listing}/submit/")
    alice.send()
    until(alice, listing, "in-review")
    approve(operator, "listingversion", TITLE, "In review")
    until(alice, listing, "published")
    alice.open(f"/market/listings/{listing}/")


def until(alice: Visitor, listing: str, state: str) -> None:
    """Load the seller's page anew until its version has that state."""

    def there() -> bool:
        text = alice.page.request.get(f"{alice.url}/market/listings/{listing}/", max_retries=3).text()
        found = re.search(r'<main.*?<h2[^>]*>(?:(?!</h2>).)*data-status="([^"]*)"', text, re.DOTALL)
        return bool(found and found[1] == state)

    wait_for(there, f"the version did not become {state}", 240)


def approve(operator: Visitor, model: str, name: str, state: str) -> None:
    """Choose the row that waits in the administration, the action, and confirm it."""
    page = operator.page
    page.goto(f"{operator.url}/admin/market/{model}/?q={name.split()[-1]}")
    operator.look(*DJANGOS)
    page.locator(f"tr:has-text('{name}'):has-text('{state}') input[name=_selected_action]").first.check()
    page.locator("select[name=action]").select_option(value="approve")
    page.locator("button[name=index]").click()
    page.wait_for_load_state("load")
    operator.look(*DJANGOS)
    page.locator("input[type=submit].default").click()
    page.wait_for_load_state("load")
    expect(page.locator("body")).to_contain_text("Done for 1")


def deploy(carol: Visitor, listing: str) -> str:
    """From the market over the offer to the one page that asks for all: sent twice, from two tabs, it makes one server."""
    page = carol.open("/market/")
    page.get_by_role("link", name=TITLE, exact=True).click()
    page.wait_for_url(f"**/market/{listing}/")
    carol.look()
    expect(page.locator("main")).to_contain_text("Dropbear")
    expect(page.locator(".pictures img")).to_have_js_property("complete", True)
    page.locator(".page-actions a", has_text="Deploy").click()
    page.wait_for_url(re.compile(r"/deploy/$"))
    other = page.context.new_page()
    other.goto(page.url)
    for each, name in ((page, "bought"), (other, "twice")):
        each.locator("#deploy-place > summary").click()
        each.locator("input[name=name]").fill(name)
        expect(each.locator("#summary .facts").first).to_contain_text(name)
        choose_login(each)
        each.locator("input[name=accepts_terms]").check()
    expect(page.locator("#summary")).to_contain_text("CN¥3.60")
    expect(page.locator(".summary-bar")).to_be_visible()
    page.locator("#help-fold").click()
    expect(page.locator("#help-text")).to_be_hidden()
    expect(page.locator("input[name=name]")).to_have_value("bought")
    carol.look()
    page.get_by_role("button", name="Deploy now").dblclick()
    page.wait_for_url(re.compile(rf"/servers/{ID}/$"))
    other.get_by_role("button", name="Deploy now").click()
    other.wait_for_url(page.url)
    other.close()
    server = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(carol, f"/servers/{server}/", "running")
    expect(carol.open("/servers/").locator("main")).not_to_contain_text("twice")
    return server


def accept_newer(carol: Visitor, listing: str, server: str) -> str:
    """The terms of the version that is offered now, from where a server is changed to it. Returns its image's ID."""
    page = carol.open(f"/market/{listing}/")
    image = page.locator("aside dl a[href*='/images/']").get_attribute("href").rstrip("/").rsplit("/", 1)[1]  # type: ignore[union-attr]
    page = carol.open(f"/servers/{server}/change-os/?image={image}&tab=market")
    page.locator("a[href*='/terms/']").first.click()
    page.wait_for_url(re.compile(r"/terms/"))
    carol.send()
    page.wait_for_url(re.compile(r"/change-os/"))
    return image


def charged(carol: Visitor, server: str) -> None:
    """The whole hour that is over costs the price of the image; beside it stand flavor and disks."""
    page = carol.open("/billing/")
    expect(page.locator("main")).to_contain_text("bought")
    lines = page.request.get(f"{carol.url}/billing/lines.csv", max_retries=3).text()
    assert re.search(rf"{server}.*\b3\.60*\b", lines), lines


def earned(alice: Visitor) -> None:
    expect(alice.open("/billing/income/").locator("main")).to_contain_text(TITLE)


def withdraw(alice: Visitor, listing: str) -> None:
    page = alice.open(f"/market/listings/{listing}/withdraw/")
    page.locator("textarea[name=reason]").fill("We go fishing.")
    alice.send()
    page.wait_for_url(f"**/market/listings/{listing}/")


def picture(name: str, kind: str) -> dict[str, object]:
    """A file to upload."""
    content = BytesIO()
    Picture.new("RGB", (320, 200), "#2f4fc4").save(content, kind)
    return {"name": name, "mimeType": f"image/{kind.lower()}", "buffer": content.getvalue()}
