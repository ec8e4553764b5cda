"""From the question which image to take to an order with that image; and what its page shows, by keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


def test_the_guide_ends_at_an_order_and_an_image_is_read_by_keyboard_alone(visitor: Callable[..., Visitor]):
    bob = visitor(locale="en-US")
    bob.sign_in("bob")
    page = bob.open("/servers/create/")
    page.get_by_role("link", name="Which image should I take?").first.click()
    bob.look()
    page.locator("select[name=flavor]").select_option("t6-medium-1")
    page.locator("input[name=software]").fill("demo B")
    expect(page).to_have_url(re.compile(r"flavor=t6-medium-1.*software=demo"))
    found = page.locator(".choose-table tbody tr")
    expect(found).to_have_count(2)
    bob.look()
    row = found.filter(has_text="UEFI").first
    row.get_by_role("link", name="Create server").click()

    expect(page.locator("input[name=flavor]:checked")).to_have_value("t6-medium-1")
    expect(page.locator("#launch-choices")).to_contain_text(
        re.compile(r"Chosen image: BusyBox demo B .* UEFI")
    )
    bob.look()

    bob.open("/images/?tab=public")
    page.get_by_role("link", name=re.compile("BusyBox demo A .* BIOS")).first.press("Enter")
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    page.get_by_role("link", name="Lineage", exact=True).press("Enter")
    page.wait_for_url(re.compile(r"section=lineage"))
    expect(page.locator("svg.lineage-wide [data-kind=this]")).to_be_visible()
    expect(page.locator("svg.lineage-narrow")).to_be_hidden()
    page.locator(".lineage-text summary").press("Enter")
    expect(page.locator(".lineage-text strong")).to_be_visible()
    bob.look()
