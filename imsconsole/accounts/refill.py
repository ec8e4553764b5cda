"""A page whose form has what was typed into it before: in the HTML, so that no view has to know of it."""

from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from itertools import accumulate

from django.http import QueryDict

TEXTS = {
    "text",
    "search",
    "number",
    "email",
    "url",
    "tel",
    "date",
    "datetime-local",
    "month",
    "time",
    "color",
    "range",
}
BOXES = {"checkbox", "radio"}
Attributes = list[tuple[str, str | None]]


def refilled(html: str, typed: QueryDict, path: str) -> str:
    """The page with these values in its form: the one that is sent by POST to `path`.

    Hidden fields stay as they are (the token, what was seen when the page was made), and so do passwords and files.
    """
    filler = _Filler(html, typed, path)
    filler.feed(html)
    filler.close()
    pieces, end = [], 0
    for start, stop, text in filler.edits:
        pieces += [html[end:start], text]
        end = stop
    return "".join([*pieces, html[end:]])


class _Filler(HTMLParser):
    """Collects what is to stand in the place of what, in the order of the page: (from, to, text)."""

    def __init__(self, html: str, typed: QueryDict, path: str) -> None:
        super().__init__(convert_charrefs=False)
        self.lines = [0, *accumulate(len(line) for line in html.splitlines(keepends=True))]
        self.left: dict[str, Iterator[str]] = {name: iter(values) for name, values in typed.lists()}
        self.typed, self.path = typed, path
        self.edits: list[tuple[int, int, str]] = []
        self.is_in_form, self.select, self.text = False, "", ("", 0)

    @property
    def here(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        known = dict(attrs)
        name = known.get("name") or ""
        if tag == "form":
            action = (known.get("action") or self.path).partition("?")[0]
            self.is_in_form = (known.get("method") or "").lower() == "post" and action == self.path
        elif not self.is_in_form:
            return
        elif tag == "select":
            self.select = name
        elif tag == "textarea" and name in self.typed:
            self.text = (name, self.here + len(self.get_starttag_text() or ""))
        elif tag == "option" and self.select in self.typed:
            self._mark(tag, attrs, "selected", (known.get("value") or "") in self.typed.getlist(self.select))
        elif tag == "input":
            self._fill_input(attrs, (known.get("type") or "text").lower(), name, known.get("value"))

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_in_form = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea" and self.text[0]:
            name, start = self.text
            self.edits.append((start, self.here, "\n" + escape(next(self.left[name], ""))))
            self.text = ("", 0)

    def _fill_input(self, attrs: Attributes, kind: str, name: str, value: str | None) -> None:
        if kind in BOXES and (name in self.typed or kind == "checkbox"):
            self._mark("input", attrs, "checked", (value or "on") in self.typed.getlist(name))
        elif kind in TEXTS and name in self.typed:
            rest: Attributes = [(key, each) for key, each in attrs if key != "value"]
            self._write("input", [*rest, ("value", next(self.left[name], ""))])

    def _mark(self, tag: str, attrs: Attributes, mark: str, is_on: bool) -> None:
        rest: Attributes = [(key, each) for key, each in attrs if key != mark]
        self._write(tag, [*rest, (mark, None)] if is_on else rest)

    def _write(self, tag: str, attrs: Attributes) -> None:
        told = "".join(f" {key}" if each is None else f' {key}="{escape(each)}"' for key, each in attrs)
        self.edits.append((self.here, self.here + len(self.get_starttag_text() or ""), f"<{tag}{told}>"))
