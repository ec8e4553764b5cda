"""Somebody at a browser, who looks closely at every page."""

import re
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.support.console import PASSWORD

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True)
class Visitor:
    """Somebody at a browser. Every page they look at is checked for accessibility and broken scripts."""

    page: Page
    url: str
    troubles: list[str]
    scripts: bool = True

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        self.look()
        return self.page

    def sign_in(self, name: str) -> Page:
        self.open("/accounts/login/")
        self.page.locator("input[name=login]").fill(name)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("input[name=password]").press("Enter")
        self.page.wait_for_url(f"{self.url}/")
        return self.page

    def send(self, button: str = "main form[method=post] button[type=submit]") -> None:
        """Press the page's (last) button that sends its form, and look at what comes."""
        self.page.locator(button).last.click()
        self.page.wait_for_load_state("load")
        self.look()

    def look(self, *known: str) -> None:
        """axe finds nothing but what is `known`, nothing is wider than the window, no script was refused."""
        assert self.troubles == [], self.page.url
        if self.scripts:
            found = Axe().run(self.page).response["violations"]
            shown = [
                f"{one['id']}: {one['help']} {[node['html'] for node in one['nodes']][:3]}"
                for one in found
                if one["id"] not in known
            ]
            assert shown == [], f"{self.page.url}: {shown}"
            width = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert width <= 0, f"{self.page.url} is {width} px too wide"
            self.troubles.clear()  # axe tries styles that are refused


def new_visitor(browser: Browser, url: str, **options: Any) -> Visitor:
    """A visitor with a browser profile of its own: `new_visitor(…, java_script_enabled=False, locale="zh-CN")`."""
    # without motion: axe would measure the colours of a notice that is still fading in
    context = browser.new_context(
        **{"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", **options}
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if refused(message.text) else None)
    return Visitor(page, url, troubles, options.get("java_script_enabled", True))


def refused(text: str) -> bool:
    return bool(re.search(r"Content Security Policy|Uncaught|Failed to load resource", text))
