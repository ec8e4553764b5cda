"""What cells of many tables say."""

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from functools import cache, lru_cache, partial
from html import escape
from types import MappingProxyType
from typing import Any

from django.db.models import Model
from django.template import Context, Engine
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language


def fragment(template_name: str, **known: Any) -> SafeString:
    """A template that knows only what it is given: the context processors of a page would run again for every cell."""
    return Engine.get_default().get_template(template_name).render(Context(known))


def escaped(text: object) -> str:
    """As `conditional_escape`; that looks at each text for promises first, and lists have thousands."""
    text = str(text)
    return text if isinstance(text, SafeString) else escape(text)


class Shapes:
    """What `draw` makes of some texts, for whatever texts: drawn once with marks in their places, then they are put in.

    A text may stand anywhere in what is drawn, but nothing may depend on it, nor may a filter change it.
    """

    def __init__(
        self, draw: Callable[..., str], *texts: str, given: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        # in nobody's words: they cannot be guessed; `given` are some that have to look like something
        self.marks = marks = {text: secrets.token_hex(16) for text in texts} | dict(given)
        names = {mark: text for text, mark in marks.items()}
        place = re.compile(f"({'|'.join(names)})") if names else re.compile(r"(?!)")

        @lru_cache(maxsize=2048)
        def drawn(_language: str | None, **known: Hashable) -> tuple[str, list[tuple[str, str]]]:
            """What comes before the first text; then each text's name and what comes behind it."""
            first, *rest = place.split(draw(**marks, **known))
            return first, [(names[mark], behind) for mark, behind in zip(rest[::2], rest[1::2], strict=True)]

        self.drawn = drawn

    def fill(self, texts: Mapping[str, object], **known: Hashable) -> SafeString:
        """With these texts. `known` is what `draw` is told besides, and what it makes may depend on."""
        first, rest = self.drawn(get_language(), **known)
        said = {name: escaped(texts[name]) for name in {name for name, _behind in rest}}
        return SafeString(first + "".join([said[name] + behind for name, behind in rest]))


def label_of(record: Model, field: str) -> str:
    """What a field with choices says: as `get_…_display`, which makes the table of its choices anew each time."""
    value = getattr(record, field)
    return _labels(type(record), field, get_language()).get(value, str(value))


@cache
def _labels(model: type[Model], field: str, _language: str | None) -> dict[Any, str]:
    found: Any = model._meta.get_field(field)
    return {value: str(label) for value, label in found.flatchoices}


STATUS = Shapes(partial(fragment, "components/_status.html"))
COPY = Shapes(partial(fragment, "components/_copy.html"), "text")


def status(key: str, label: object) -> SafeString:
    """A dot and a word."""
    return STATUS.fill({}, status=key, label=str(label))


def copyable(text: object) -> SafeString:
    """A value one may want to copy."""
    return COPY.fill({"text": text})


def link(url: str, name: object) -> SafeString:
    """A name that people gave, and the way to its page while there is one."""
    if not url:
        return format_html('<span translate="no">{}</span>', name)
    return format_html('<a href="{}" translate="no">{}</a>', url, name)


def named(name: object, key: object, *more: object, url: str = "") -> SafeString:
    """A name, what stands beside it, and its ID below."""
    return lines(joined(link(url, name), *more), copyable(key))


def lines(first: object, *notes: object) -> SafeString:
    """What a cell says, and below it those of the notes that say something."""
    return joined(first, *(format_html("<small>{}</small>", note) for note in notes if note))


def day_and_time(at: datetime | None) -> str:
    """In the reader's time zone."""
    return date_format(localtime(at), "DATETIME_FORMAT") if at else ""


def joined(*parts: object) -> SafeString:
    return SafeString("".join(map(escaped, parts)))
