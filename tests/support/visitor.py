"""Somebody at a browser, who looks closely at every page."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Error, Locator, Page, Request, expect

from tests.support.console import PASSWORD

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
LOOKS = Path(__file__).with_name("looks.js").read_text("utf-8")
LOOKED = f"() => {{ {LOOKS} return looked(); }}"
JUDGED = f"given => {{ {LOOKS} return judged(given); }}"
# a promise that is kept once htmx has changed that part of the page
SETTLES = f"""(part) => {{ window.settled = new Promise((done, fail) => {{
    document.addEventListener('htmx:afterSettle', ({{target}}) => target.id === part && done(true));
    setTimeout(fail, {PATIENCE_MS}, new Error('htmx does not change the page'));
}}); window.settled.catch(() => {{}}); }}"""


@dataclass
class Shapes:
    """Those with which axe found nothing wrong, in this process or in another of the same run of the tests."""

    known: set[str] = field(default_factory=set)
    read_bytes: int = 0

    def without(self, shapes: Iterable[str]) -> list[str]:
        """Those of `shapes` that are not among them."""
        if (place := self._place()) and place.exists():
            with place.open("rb") as file:
                file.seek(self.read_bytes)
                told, _newline, _part = file.read().rpartition(b"\n")
            self.read_bytes += len(told) + bool(told)
            self.known.update(told.decode().split())
        return [shape for shape in shapes if shape not in self.known]

    def unseen(self, shapes: list[str], colours: list[tuple[str, str]]) -> list[str]:
        """What has to be judged: colours of words that were found good once are, whatever styles they come from."""
        new = set(self.without([*shapes, *chain.from_iterable(colours)]))
        return [shape for shape in shapes if shape in new] + [
            each for alike, each in colours if new >= {alike, each}
        ]

    def add(self, shapes: Iterable[str]) -> None:
        self.known.update(shapes)
        if place := self._place():
            number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(
                number, "".join(f"{shape}\n" for shape in shapes).encode()
            )  # at once, or lines would mix
            os.close(number)

    def _place(self) -> Path | None:
        run = os.environ.get("IMS_TEST_DIR")
        return Path(run) / "shapes" if run else None


SEEN = Shapes()


def is_sent(request: Request) -> bool:
    """Whether it is a form that somebody has sent, not its summary that follows it."""
    return request.method == "POST" and request.headers.get("hx-target") != "summary"


@dataclass(frozen=True)
class Visitor:
    """Somebody at a browser. Every page they look at is checked for accessibility and broken scripts."""

    page: Page
    url: str
    troubles: list[str]
    scripts: bool = True
    session_of: Callable[[str], str] | None = None  # makes one for whoever has that name; its key

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        self.look()
        return self.page

    def sign_in(self, name: str) -> Page:
        """By the form; or, where sessions can be made, with one: no page is open then."""
        if self.session_of is None:
            return self.fill_in_sign_in(name)
        cookie = {"name": "sessionid", "value": self.session_of(name), "url": self.url}
        self.page.context.add_cookies([cookie])  # type: ignore[list-item]
        return self.page

    def fill_in_sign_in(self, name: str) -> Page:
        self.open("/accounts/login/")
        self.page.locator("input[name=login]").fill(name)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("input[name=password]").press("Enter")
        self.page.wait_for_url(re.compile(rf"^{self.url}(/p/[0-9a-f-]{{36}})?/$"))
        return self.page

    def send(self, button: str = "main form[method=post]:not(.help-title) button[type=submit]") -> None:
        """Press the page's (last) button that sends its form, and look at what comes."""
        pressed = self.page.locator(button).last
        if self.scripts and pressed.evaluate("button => Boolean(button.form?.closest('[hx-boost]'))"):
            self._send_in_place(pressed)
        else:
            with self.page.expect_navigation():  # or what is looked at may be the page that is left
                pressed.click()
        self.look()

    def _send_in_place(self, button: Locator) -> None:
        """The form of a wizard: htmx puts the next step into the page, or leaves for what was made."""
        self.page.evaluate(SETTLES, "main")
        with self.page.expect_response(lambda answer: is_sent(answer.request)) as answered:
            button.click()
        if leads := answered.value.header_value("hx-redirect"):
            self.page.wait_for_url(lambda url: url.endswith(leads))
        else:
            try:
                self.page.evaluate("settled")
            except Error as error:  # it left as soon as it was settled
                if "navigation" not in error.message:
                    raise
                self.page.wait_for_load_state()

    def go_on(self, url: str | re.Pattern[str]) -> None:
        """Press Next in a wizard: with scripts the page of that address comes in the place of this one."""
        if self.scripts:
            self.page.evaluate("window.stays = true")
        self.send("form.wizard .form-actions button[type=submit]")
        self.page.wait_for_url(url)
        assert not self.scripts or self.page.evaluate("window.stays === true"), "it was loaded anew"

    def look(self, *known: str) -> None:
        """axe finds nothing but what is `known`, nothing is wider than the window, no script was refused, what is wrong leads to its field."""
        assert self.troubles == [], self.page.url
        if self.scripts:
            self.page.wait_for_load_state()
            expect(self.page.locator(".htmx-request")).to_have_count(0)  # what waits for an answer is pale
            width, astray, shapes, colours, is_there = self.page.evaluate(LOOKED)
            assert width <= 0, f"{self.page.url} is {width} px too wide"
            assert not astray, f"{self.page.url}: what is wrong leads to no field"
            if unseen := SEEN.unseen(shapes, colours):
                if not is_there:
                    self.page.evaluate(AXE_SCRIPT)
                SEEN.add([*unseen, *self._judge(unseen, known)])

    def _judge(self, unseen: list[str], known: tuple[str, ...]) -> list[str]:
        """The colours that are good."""
        found, good = self._found(unseen)
        shown = [f"{name}: {help} {html[:3]}" for name, help, html in found if name not in known]
        assert shown == [], f"{self.page.url}: {shown}"
        self.troubles.clear()  # axe tries styles that are refused
        return good

    def _found(self, unseen: list[str], tries: int = 3) -> Any:
        """What axe says; again when the page has put others in the place of the elements it was to look at."""
        try:
            return self.page.evaluate(JUDGED, unseen)
        except Error as error:
            if "No elements found" not in error.message or tries == 1:
                raise
            return self._found(unseen, tries - 1)


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
    """A script, a style or a file that was refused; a form that was is an answer."""
    return bool(
        re.search(r"Content Security Policy|Uncaught|Failed to load resource(?!.*status of 422)", text)
    )


def first_load_bytes(page: Page, address: str) -> float:
    """What comes over the wire, scripts, styles and fonts included, when nothing of it came before."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.clearBrowserCache")
    came: list[float] = []
    network.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    return sum(came)
