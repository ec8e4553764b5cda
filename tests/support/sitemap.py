"""Every page of a console, found by following its links, and what is wrong with how one looks."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Error, Page

from imsconsole.core.project_urls import NAMED, bare
from tests.support.sweep import is_whole
from tests.support.visitor import Visitor

ADMINISTRATION = "/admin/"
ALIKE, ENOUGH = ("history", "delete"), 3  # of Django's, for each model the same with other names
SKIPPED = {"account_logout", "admin:logout", "admin:jsi18n", "admin:view_on_site"}  # no pages

LINKS = "[...document.querySelectorAll('a[href]:not([download])')].map(link => link.getAttribute('href'))"

CLIPPED = """() => [...document.querySelectorAll('body *')].filter(element => {
    const style = getComputedStyle(element);
    if (style.overflowX !== 'hidden' || style.visibility === 'hidden' || !element.checkVisibility()) return false;
    // a terminal is drawn first and fitted to its frame then
    if (element.closest('.visually-hidden, select, [class*=brand-name], svg, .live-terminal') || style.clipPath !== 'none') return false;
    return element.scrollWidth > element.clientWidth + 1 && !element.closest('[title]') && style.textOverflow !== 'ellipsis';
}).map(element => element.outerHTML.slice(0, 160))"""

# a word on two lines (long ones may be), text in a column of a few letters, and on a wide window a table that is wider than its place
CRAMPED = r"""() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange(), found = [];
    const lines = (node, from, to) => {
        range.setStart(node, from);
        range.setEnd(node, to);
        return new Set([...range.getClientRects()].map(({top}) => Math.round(top))).size;
    };
    while (walker.nextNode()) {
        const node = walker.currentNode, text = node.data, letters = text.trim().length;
        if (letters < 2 || node.parentElement.closest('pre, textarea, select, svg, .visually-hidden') || !node.parentElement.checkVisibility()) continue;
        const count = lines(node, 0, text.length);
        if (count < 2) continue;
        if (count > 2 && letters / count < 4) found.push(`${letters} letters on ${count} lines: ${text.trim().slice(0, 80)}`);
        for (const {0: run, index: at} of text.matchAll(/\S{2,20}(?!\S)/gu)) for (const {0: word, index} of run.matchAll(/(?:(?!\p{Script=Han})[\p{L}\p{N}_.@])+/gu))
            if (!/\S/.test(text[at - 1] ?? ' ') && lines(node, at + index, at + index + word.length) > 1) found.push(`broken inside of the word ${word}: ${text.trim().slice(0, 80)}`);
    }
    for (const table of innerWidth < 1000 ? [] : document.querySelectorAll('table')) {
        const place = table.parentElement;
        if (table.checkVisibility() && place.scrollWidth > place.clientWidth + 1)
            found.push(`columns out of sight: ${place.outerHTML.slice(0, 80)} ${place.scrollWidth} > ${place.clientWidth}`);
    }
    return found;
}"""

# four English words in a row, outside names that people or the platform gave and outside code
UNTRANSLATED = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const node = walker.currentNode, text = node.textContent.trim();
        if (!/[A-Za-z]{2,}[ ,]+[a-z]{2,}[ ,]+[a-z]{2,}/.test(text)) continue;
        if (node.parentElement.closest('script, style, template, code, pre, .mono, [translate=no], [lang]:not(html), textarea')) continue;
        if (node.parentElement.checkVisibility()) found.push(text.slice(0, 120));
    }
    return found;
}"""

TROUBLES = f"() => [document.documentElement.scrollWidth - innerWidth, ({CLIPPED})(), ({CRAMPED})(), ({UNTRANSLATED})()]"


@dataclass(frozen=True)
class Place:
    """A page: what it is called in the folder of screenshots, and where it is."""

    name: str
    path: str


def places(visitor: Visitor, *beginning: str) -> Iterator[Place]:
    """One place of each kind (URL name and tab) that links lead to, as the visitor sees it, in one project; each is open then.

    Those of the administration when it begins there, else those of the console.
    """
    administration = beginning[0].startswith(ADMINISTRATION)
    seen: set[str] = set()
    kinds: Counter[str] = Counter()
    waiting = list(beginning)
    while waiting:
        path = waiting.pop(0)
        name = name_of(path)
        kind = name.rpartition("_")[2]
        is_enough = kind in ALIKE and kinds[kind] == ENOUGH and not is_whole()
        if not name or name in seen or is_enough or path.startswith(ADMINISTRATION) != administration:
            continue
        status = _open(visitor, path)
        is_gone = status == 404 and path not in beginning  # the trail names what is gone as well
        if not is_gone:
            seen.add(name)
        if is_gone or not status:
            visitor.troubles.clear()  # the browser complains of both
        else:
            kinds[kind] += 1
            yield Place(name, path)
            links, here = visitor.page.evaluate(LINKS), project_of(urlsplit(visitor.page.url).path)
            waiting += [link for link in links if link.startswith("/") and project_of(link) in ("", here)]


def _open(visitor: Visitor, path: str) -> int:
    """The status of the page that is there; 0 when it is none, but a file."""
    try:
        answer = visitor.page.goto(visitor.url + path)
    except Error as error:
        if "Download is starting" not in error.message:
            raise
        return 0
    is_page = answer and answer.headers.get("content-type", "").startswith("text/html")
    return answer.status if answer and is_page else 0


def project_of(address: str) -> str:
    """The ID of the project that an address names, if it names one."""
    named = NAMED.match(address)
    return named["project"] if named else ""


def name_of(path: str) -> str:
    """`images-list-private`; empty for what is not to be visited."""
    parts = urlsplit(path)
    try:
        match = resolve(bare(parts.path))
    except Resolver404:
        return "not-found"
    if not match.view_name or match.view_name in SKIPPED:
        return ""
    more = [
        *parse_qs(parts.query).get("tab", []),
        *parse_qs(parts.query).get("section", []),
        *(str(match.kwargs[key]) for key in match.kwargs if key in ("step", "page")),
    ]
    return "-".join([match.view_name.replace(":", "-"), *more])


def troubles_of(page: Page, language: str) -> list[str]:
    """What a careful eye would see: wider than the window, cut off, cramped, or in the wrong language."""
    wider, clipped, cramped, untranslated = page.evaluate(TROUBLES)
    found = [f"{wider} px wider than the window"] if wider > 0 else []
    found += [f"cut off: {html}" for html in clipped] + cramped
    return found + [f"not translated: {text}" for text in untranslated if language.startswith("zh")]
