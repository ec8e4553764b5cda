"""Tags and filters of every template (a builtin: no `load` needed)."""

import secrets
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.template import Context
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language

from imsconsole.core import text
from imsconsole.core.forms import errors_of
from imsconsole.core.rules import ALLOWED, Verdict

register = template.Library()
register.filter("size", text.size)
register.filter("duration", text.duration)


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    """A time as people say it; the exact one, in the reader's time zone, on hover."""
    if at is None:
        return "–"
    exact = date_format(localtime(at), "Y-m-d H:i:s T")
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, naturaltime(at))


@register.simple_tag(takes_context=True)
def main_menu(context: dict[str, Any]) -> SafeString:
    """The rooms, with a mark at the open one and at what waits. Each page has them twice: wide and narrow."""
    waiting = context.get("pending_shares", 0)
    return _main_menu(get_language(), context.get("active", ""), waiting() if callable(waiting) else waiting)


@lru_cache(maxsize=512)
def _main_menu(language: str | None, active: str, pending_shares: int) -> SafeString:
    return render_to_string("components/_nav.html", {"active": active, "pending_shares": pending_shares})


@register.inclusion_tag("components/_form_errors.html", takes_context=True)
def form_errors(context: Context) -> dict[str, Any]:
    """What is wrong with the forms of the page: those that its context calls `form` or `…_form`."""
    names = [name for scope in context.dicts for name in scope if name == "form" or name.endswith("_form")]
    sent = [context[name] for name in dict.fromkeys(names)]
    return {
        "errors": [error for form in sent if getattr(form, "is_bound", False) for error in errors_of(form)]
    }


@register.inclusion_tag("components/_action.html", takes_context=True)
def action(
    context: dict[str, Any],
    label: str,
    url: str,
    verdict: Verdict = ALLOWED,
    method: str = "get",
    style: str = "",
    icon: str = "",
    *,
    asks: bool = False,
) -> dict[str, Any]:
    """A button for `url`. Refused: shown, `aria-disabled`, its reason beside it (conventions 9).

    `style` is primary, danger, menu (a row's or details menu) or empty; `method` get or post. `asks`: the
    page at `url` is only a question (`.confirm`), which a dialog can show.
    """
    return {
        "label": label,
        "url": url,
        "verdict": verdict,
        "method": method,
        "style": style,
        "icon": icon,
        "asks": asks,
        "id": f"why-{secrets.token_hex(3)}",
        "csrf_token": context.get("csrf_token"),
        "next": context["request"].get_full_path() if "request" in context else "",
    }
