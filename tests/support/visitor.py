"""Somebody at a browser, who looks closely at every page."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Error, Locator, Page, Request, expect

from tests.support.console import PASSWORD

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
# What axe judges of an element: what it is and what it is in, with styles, names and roles; of its colours, in this
# width and theme, what styles can depend on. Like rows of a table are one, and neither words nor what differs from
# thing to thing count; nor, in Django's administration, what it names after models and their fields. How all of it
# makes a page is judged as well.
SHAPES = r"""
const hash = (text) => { // FNV-1a, twice
    let one = 0x811c9dc5, two = 0x1000193;
    for (let at = 0; at < text.length; at += 1) {
        one = Math.imul(one ^ text.charCodeAt(at), 0x01000193);
        two = Math.imul(two ^ text.charCodeAt(at), 0x85ebca6b);
    }
    return (one >>> 0).toString(36) + (two >>> 0).toString(36);
};
const dark = matchMedia('(prefers-color-scheme: dark)').matches, [styles, shapes, structure] = [new Map(), new Map(), new Map()];
const values = /^(id|class|style|role|type|scope|data-status|aria-.*)$/, things = /[0-9a-f]*[0-9][0-9a-f-]*|[0-9a-f]{8,}/g;
const named = /\b(app|model|field|column)-[\w-]+|\bid_[\w-]+|\b\w+_(filter|form)\b|[\w-]+-(group|heading)\b/g;
const bare = (value) => (location.pathname.startsWith('/admin/') ? value.replace(named, '#') : value).replace(things, '#');
const styling = /^(class|style|role|type|data-.*|hidden|open|disabled|aria-(current|disabled|pressed|selected|invalid)=.*)/;
for (const element of document.querySelectorAll('*')) {
    const told = [...element.attributes].map(({name, value}) =>
        values.test(name) ? `${name}=${bare(value)}` : name).sort();
    const says = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const {checked, labels, localName, parentElement} = element, seen = element.checkVisibility();
    const add = (map, start, words, seen) =>
        map.set(element, hash(`${map.get(parentElement) ?? start} ${localName} ${words.join(' ')} ${says} ${checked} ${labels?.length} ${seen}`));
    add(structure, 'structure', told);
    add(shapes, 'shape', told, seen);
    add(styles, `${innerWidth} ${dark}`, told.filter((word) => styling.test(word)), seen);
}
const upToTwo = (times, shape) => { times.set(shape, (times.get(shape) ?? 0) + 1); return times.get(shape) <= 2; };
const counted = new Map(), whole = hash([...structure.values()].filter((shape) => upToTwo(counted, shape)).join());
"""
LOOKED = f"""() => {{
    {SHAPES}
    const wider = document.documentElement.scrollWidth - innerWidth;
    const astray = [...document.querySelectorAll("#error-summary a")].filter(({{hash}}) => !document.getElementById(hash.slice(1)));
    return [wider, astray.length, [whole, ...new Set([...shapes.values(), ...styles.values()])]];
}}"""
JUDGED = f"""async (given) => {{
    {SHAPES}
    const unseen = new Set(given), COLOURS = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable'];
    const found = [], others = Object.fromEntries(COLOURS.map((rule) => [rule, {{enabled: false}}]));
    const judge = async (context, options) =>
        found.push(...(await axe.run(context, {{resultTypes: ['violations'], ...options}})).violations);
    const outermost = (elements) => elements.filter((element) => !elements.includes(element.parentElement));
    const parts = (map) => {{ // what is new; of the same, two
        const times = new Map(), include = [], exclude = [];
        for (const [element, shape] of map) if (unseen.has(shape)) {{
            (upToTwo(times, shape) ? include : exclude).push(element);
        }}
        return {{include: outermost(include), exclude: outermost(exclude)}};
    }};
    const elements = parts(shapes), colours = parts(styles);
    if (unseen.has(whole)) await judge(document, {{rules: others}});
    else if (elements.include.length) await judge(elements, {{rules: others}});
    if (colours.include.length) await judge(colours, {{runOnly: COLOURS}});
    return found.map(({{id, help, nodes}}) => [id, help, nodes.map(({{html}}) => html)]);
}}"""
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
            width, astray, shapes = self.page.evaluate(LOOKED)
            assert width <= 0, f"{self.page.url} is {width} px too wide"
            assert not astray, f"{self.page.url}: what is wrong leads to no field"
            if unseen := SEEN.without(shapes):
                self._judge(unseen, known)
                SEEN.add(unseen)

    def _judge(self, unseen: list[str], known: tuple[str, ...]) -> None:
        self.page.evaluate(AXE_SCRIPT)
        found = self._found(unseen)
        shown = [f"{name}: {help} {html[:3]}" for name, help, html in found if name not in known]
        assert shown == [], f"{self.page.url}: {shown}"
        self.troubles.clear()  # axe tries styles that are refused

    def _found(self, unseen: list[str], tries: int = 3) -> list[Any]:
        """What axe says; again when the page has put others in the place of the elements it was to look at."""
        try:
            found: list[Any] = self.page.evaluate(JUDGED, unseen)
        except Error as error:
            if "No elements found" not in error.message or tries == 1:
                raise
            return self._found(unseen, tries - 1)
        return found


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
