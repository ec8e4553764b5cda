"""Two tabs in two projects of one person: each goes on in its own."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from imsconsole.core.project_urls import NAMED, bare, in_project
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser]
NARROW: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


def project_of(page: Page) -> str:
    named = NAMED.match(urlsplit(page.url).path)
    assert named, page.url
    return named["project"]


def test_what_is_sent_in_a_tab_lands_in_its_project(visitor: Callable[..., Visitor]) -> None:
    alice = visitor(locale="en-US", **NARROW)
    alice.sign_in("alice")
    page = alice.open("/vaults/create/")
    here = project_of(page)
    tab = Visitor(page.context.new_page(), alice.url, alice.troubles, alice.scripts)
    tab.open("/servers/")
    tab.page.locator("details.project-menu summary").click()
    tab.page.locator("details.project-menu a:not([aria-current])").first.click()
    tab.page.wait_for_url(re.compile(r"/servers/$"))
    there = project_of(tab.page)
    assert there != here

    page.locator("[name=name]").fill("two-tabs")
    alice.send()
    expect(page.locator("h1")).to_contain_text("two-tabs")
    assert project_of(page) == here

    vault = bare(page.url.removeprefix(alice.url))
    answer = tab.page.goto(alice.url + in_project(there, vault))
    assert answer
    assert answer.status == 404
    tab.troubles.clear()  # that it is not there, the browser says as well
    tab.page.locator(f"main a[href='{in_project(here, vault)}']").click()
    expect(tab.page.locator("h1")).to_contain_text("two-tabs")
    tab.look()
