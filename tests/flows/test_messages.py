"""From the bell to what a message is about, and what one did oneself in the trail: much of it by keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.flows.steps import import_key
from tests.support.console import PASSWORD, Console
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

TELL_DAVE = """
from images.models import Image
from imsconsole.accounts.models import User
from imsconsole.notifications.send import send
image = Image.objects.filter(category="public", region="cn-north-4").earliest("name")
send("job-finished", to=User.objects.filter(username="dave"), subject=("image", image.pk),
     values={"job": {"msgid": "Import image"}, "name": image.name})
"""

BRING_NADIA = f"""
from imsconsole.accounts.models import Account, Membership, Project, Region, Role, User
account = Account.objects.create(name="Initech")
Project.objects.create(account=account, region=Region.objects.get(code="cn-north-4"), name="initech")
user = User.objects.create_user("nadia", password="{PASSWORD}")
Membership.objects.create(user=user, account=account, role=Role.FULL_ACCESS)
"""


# Dave may only read, so nothing but this test tells him anything
def test_the_bell_leads_to_what_happened(visitor: Callable[..., Visitor], console: Console):
    dave = visitor(locale="en-US")
    dave.sign_in("dave")
    page = dave.open("/")
    bell = page.locator("#bell")
    console.python(TELL_DAVE)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # who comes back to the tab
    expect(bell).to_contain_text("Messages, 1 unread")

    bell.press("Enter")
    page.wait_for_url(re.compile(r"/messages/$"))
    dave.look()
    row = page.locator(".message-unread")
    expect(row).to_contain_text(re.compile("“Import image” of .* is done"))
    row.get_by_role("button", name="Go to it").press("Enter")
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    expect(page.locator("h1")).to_contain_text("BusyBox demo A")
    expect(bell).to_contain_text("Messages, 0 unread")

    dave.open("/messages/?show=unread")
    expect(page.locator("main")).to_contain_text("You have read everything")


def test_the_trail_tells_what_one_did_and_gives_it_as_a_file(visitor: Callable[..., Visitor]):
    bob = visitor(locale="en-US")
    bob.sign_in("bob")
    import_key(bob, "key-for-the-trail")

    page = bob.open("/audit/")
    page.locator("input[name=resource]").fill("KEY-FOR-THE")
    expect(page).to_have_url(re.compile("resource=KEY-FOR-THE"))
    rows = page.locator("#audit-table tbody tr")
    expect(rows).to_have_count(1)
    rows.locator("summary").press("Enter")
    expect(rows.locator("dl")).to_contain_text("127.0.0.1")
    bob.look()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export list").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "bob,Import a key pair,importKeypair" in lines[1]


def test_the_first_page_shows_the_way_and_then_what_was_done(
    visitor: Callable[..., Visitor], console: Console
):
    console.python(BRING_NADIA)  # into a project in which nobody has done anything
    nadia = visitor(locale="en-US")
    nadia.sign_in("nadia")
    page = nadia.open("/")
    page.get_by_role("link", name="Create key pair").press("Enter")
    page.wait_for_url(re.compile(r"/keypairs/create/$"))
    import_key(nadia, "first")
    nadia.open("/")
    expect(page.locator(".first-steps .is-done", has_text="Make a key pair")).to_be_visible()
    expect(page.locator(".overview-events li")).to_contain_text(["Import a key pair first"])
    page.get_by_role("link", name="Public images").press("Enter")
    expect(page).to_have_url(re.compile(r"/images/\?tab=public"))
