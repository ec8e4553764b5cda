"""Copy a public image that the operator released: in its region, and that copy to another one, bit for bit."""

import re

import pytest
from playwright.sync_api import expect

from tests.flows.steps import FAR, HERE, assert_same_content, becomes, stored_disks
from tests.support.console import Console
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser]
# the operator lets projects copy a public image of the demo, or not any more; its ID
KEPT = """
from images.models import Image
from images.public.platform import platform_actor
from images.public.services import {turn}
image = Image.objects.get(category="public", region="cn-north-4", boot_mode="bios", name__startswith="BusyBox demo A")
print({turn}(image, actor=platform_actor()).pk)
"""


def test_a_copy_arrives_in_another_region(visitor, console: Console):
    alice: Visitor = visitor(locale="zh-CN")
    name = "copied"
    alice.sign_in("alice")
    image = console.python(KEPT.format(turn="release_image")).strip()

    copy = copy_here(alice, image, f"{name}-2")
    becomes(alice, f"/images/{copy}/", "active")
    console.python(KEPT.format(turn="withhold_image"))

    there = copy_across(alice, copy, name, gives=console)
    assert there not in (image, copy)
    (source,), (arrived,) = stored_disks(console, image), stored_disks(console, there)
    assert source.parents[1] != arrived.parents[1], "each region has a store of its own"
    assert_same_content(source, arrived)


def begin(alice: Visitor, image: str, kind: str) -> None:
    """The image's page, its button, the kind of copy; then the form of the target."""
    page = alice.open(f"/images/{image}/")
    page.locator(f"#thing-actions a[href$='/images/{image}/copy/']").click()
    page.wait_for_url("**/copy/")
    alice.look()
    page.locator(f"input[name=kind][value={kind}]").check()
    alice.send()
    page.wait_for_url("**/target/")


def give_agency_on_the_way(alice: Visitor) -> None:
    """In the project of the other region, and back to the form, which is as it was."""
    page = alice.page
    page.locator("input[name='target-name-0']").fill("as it was")
    page.locator("button[formaction*='what=agency']").click()
    page.wait_for_url("**/project/?for=*")
    alice.look()
    expect(page.locator("details.project-menu summary")).to_contain_text(FAR)
    expect(page.locator("main .alert").first).to_contain_text(HERE)
    page.locator("#agencies form[action*='/agencies/create/'] button").click()
    page.wait_for_url("**/target/?kept=*")
    alice.look()
    expect(page.locator("details.project-menu summary")).to_contain_text(HERE)
    expect(page.locator("input[name='target-name-0']")).to_have_value("as it was")


def copy_here(alice: Visitor, image: str, name: str) -> str:
    """The ID of the copy."""
    page = alice.page
    begin(alice, image, "here")
    page.locator("input[name='target-name-0']").fill(name)
    alice.send()
    page.wait_for_url("**/confirm/")
    alice.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    return page.url.rstrip("/").rsplit("/", 1)[1]


def copy_across(
    alice: Visitor, image: str, name: str, *, to: str = FAR, vault: str = "", gives: Console | None = None
) -> str:
    """To the project `to` of another region, into that vault; then over to it. The ID of the copy.

    `gives`: its agency is given on the way, in that console.
    """
    page = alice.page
    if gives:
        gives.python("from imsconsole.accounts.models import Agency; Agency.objects.all().delete()")
    begin(alice, image, "across")
    if gives:
        give_agency_on_the_way(alice)
    page.locator("#copy-across label", has_text=to).first.click()
    if vault:
        page.locator("select[name='target-vault']").select_option(vault)
    page.locator("input[name='target-name-0']").fill(name)
    alice.send()
    page.wait_for_url("**/confirm/")
    expect(page.locator("#copy-facts")).to_contain_text(to)
    alice.send()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/"))
    becomes(alice, page.url.removeprefix(alice.url), "done")
    alice.look()
    page.locator("main .facts a.btn").click()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    alice.look()
    assert page.locator("main [data-status]").first.get_attribute("data-status") == "active"
    return page.url.rstrip("/").rsplit("/", 1)[1]
