"""What cells of many tables say."""

from datetime import datetime
from typing import Any

from django.template import Context, Engine
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime


def fragment(template_name: str, **known: Any) -> SafeString:
    """A template that knows only what it is given: the context processors of a page would run again for every cell."""
    return Engine.get_default().get_template(template_name).render(Context(known))


def status(key: str, label: object) -> SafeString:
    """A dot and a word."""
    return fragment("components/_status.html", status=key, label=label)


def copyable(text: object) -> SafeString:
    """A value one may want to copy."""
    return fragment("components/_copy.html", text=text)


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
    below = format_html_join("", "<small>{}</small>", ((note,) for note in notes if note))
    return joined(first, below)


def day_and_time(at: datetime | None) -> str:
    """In the reader's time zone."""
    return date_format(localtime(at), "Y-m-d H:i") if at else ""


def joined(*parts: object) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))
