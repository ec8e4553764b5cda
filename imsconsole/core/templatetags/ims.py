"""Tags and filters of every template (a builtin: no `load` needed)."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.template import Context
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language

from imsconsole.core import text
from imsconsole.core.actions import PAGE, Offer, Offers
from imsconsole.core.buttons import buttons_of, id_of_reason
from imsconsole.core.forms import errors_of, told_fields
from imsconsole.core.project_urls import STAND_IN, prefix_of, project_here, reversing_at
from imsconsole.core.project_urls import bare_url as url_of_no_project
from imsconsole.core.project_urls import in_project as address_in_project
from imsconsole.core.rules import ALLOWED, Verdict

register = template.Library()
register.filter(told_fields)
register.filter("size", text.size)
register.filter("duration", text.duration)


@register.filter
def ago(at: datetime | None, how: str = "") -> SafeString | str:
    """A time as people say it; the exact one, in the reader's format and time zone, on hover.

    "exact" says it first, for whoever compares times, and how long ago that is below.
    """
    if at is None:
        return "–"
    there = localtime(at)
    exact, zone, said = date_format(there, "EXACT_FORMAT"), f"{there:%Z}", naturaltime(at)
    if how == "exact":
        shown = '<time datetime="{}" title="{}">{} <small class="text-muted">{}</small></time>'
        return format_html(shown, at.isoformat(), zone, exact, said)
    return format_html('<time datetime="{}" title="{} {}">{}</time>', at.isoformat(), exact, zone, said)


@register.simple_tag
def bare_url(name: str, *args: Any) -> str:
    """As `url`, for what is of no project."""
    return url_of_no_project(name, *args)


@register.filter
def in_project(address: str, project: Any) -> str:
    """The same page in another project."""
    return address_in_project(project.pk, address)


@register.filter
def up_to_99(number: int) -> str:
    """Of what is counted no further."""
    return "99+" if number > 99 else str(number)


@register.simple_tag(takes_context=True)
def main_menu(context: dict[str, Any]) -> SafeString:
    """The rooms, with a mark at the open one and at what waits. Each page has them twice: wide and narrow.

    It is drawn once for all projects, as only the project in its addresses differs.
    """
    waiting = context.get("pending_shares", 0)
    waiting = waiting() if callable(waiting) else waiting
    here = project_here()
    prefix = prefix_of(STAND_IN) if here else get_script_prefix()
    menu = _main_menu(get_language(), prefix, context.get("active", ""), waiting)
    return SafeString(menu.replace(str(STAND_IN), here)) if here else menu


@lru_cache(maxsize=512)
def _main_menu(language: str | None, prefix: str, active: str, pending_shares: int) -> SafeString:
    with reversing_at(prefix):
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
) -> dict[str, Any]:
    """One button that belongs to no thing. Refused: grey, `aria-disabled`, with its reason (conventions 9)."""
    request = context.get("request")
    return {
        "csrf_token": context.get("csrf_token"),
        "next": request.get_full_path() if request else "",
        "offer": Offer(label, url, verdict, method, style, icon),
        "why": id_of_reason(),
    }


@register.inclusion_tag("components/_actions.html", takes_context=True)
def actions(
    context: dict[str, Any], offers: Offers, place: str = PAGE, *, out_of_band: bool = False
) -> dict[str, Any]:
    """The buttons of a place. `out_of_band`: for htmx, in the place of those that stand in the head of the page."""
    buttons = buttons_of(offers, place, context.get("request"), context.get("csrf_token"))
    return {**buttons, "out_of_band": out_of_band}
