"""Tags and filters of every template (a builtin: no `load` needed)."""

import secrets
from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote

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
from imsconsole.core.actions import MORE, PAGE, ROW, Offer, Offers, shared_refusal
from imsconsole.core.cells import Shapes, fragment
from imsconsole.core.forms import errors_of, told_fields
from imsconsole.core.project_urls import bare_url as url_of_no_project
from imsconsole.core.project_urls import in_project as address_in_project
from imsconsole.core.rules import ALLOWED, Verdict

register = template.Library()
register.filter(told_fields)
register.filter("size", text.size)
register.filter("duration", text.duration)


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    """A time as people say it; the exact one, in the reader's time zone, on hover."""
    if at is None:
        return "–"
    exact = date_format(localtime(at), "Y-m-d H:i:s T")
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, naturaltime(at))


@register.simple_tag
def bare_url(name: str, *args: Any) -> str:
    """As `url`, for what is of no project."""
    return url_of_no_project(name, *args)


@register.filter
def in_project(address: str, project: Any) -> str:
    """The same page in another project."""
    return address_in_project(project.pk, address)


@register.simple_tag(takes_context=True)
def main_menu(context: dict[str, Any]) -> SafeString:
    """The rooms, with a mark at the open one and at what waits. Each page has them twice: wide and narrow."""
    waiting = context.get("pending_shares", 0)
    waiting = waiting() if callable(waiting) else waiting
    return _main_menu(get_language(), get_script_prefix(), context.get("active", ""), waiting)


@lru_cache(maxsize=512)
def _main_menu(language: str | None, prefix: str, active: str, pending_shares: int) -> SafeString:
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
    offer = Offer(label, url, verdict, method, style, icon)
    return {**_frame(context), "offer": offer, "why": _why()}


@register.inclusion_tag("components/_actions.html", takes_context=True)
def actions(
    context: dict[str, Any], offers: Offers, place: str = PAGE, *, out_of_band: bool = False
) -> dict[str, Any]:
    """The buttons of a place. Those of a row stand in its menu, but for the primary ones that are allowed.

    A menu with nothing but one line that is allowed is none. `out_of_band`: for htmx, in the place of those that stand in
    the head of the page.
    """
    here = offers.at(place)
    menu = [each for each in here if each.style != "primary" or not each.verdict] if place == ROW else []
    if len(menu) == 1 and menu[0].verdict:
        menu = []
    buttons = [each for each in here if each.style == "primary" and each.verdict] if menu else here
    frame = {**_frame(context), "name": str(offers)}
    return {
        **frame,
        "place": place,
        "buttons": _told(buttons, IN_ROW if place == ROW else ON_PAGE, frame, place),
        "menu": _told(menu or (offers.at(MORE) if place == PAGE else []), IN_MENU, frame, place),
        "out_of_band": out_of_band,
    }


def _told(offers: Sequence[Offer], shapes: Shapes, frame: dict[str, Any], place: str) -> dict[str, Any]:
    """The buttons, drawn; a reason that many of them have is said once (`shared`)."""
    shared, why = shared_refusal(offers), _why()
    lines = []
    for number, each in enumerate(offers, 1):
        said = bool(shared.code) and each.verdict.reason == shared.reason
        texts = {
            **frame,
            "url": each.url,
            "why": why if said else f"{why}-{number}",
            "way": _way(each.verdict, frame["next"]),
            "back": frame["next"],
        }
        here = {"place": place, "number": number if place == PAGE else 0, "said": said}
        lines.append(shapes.fill(texts, **_look_of(each), **here))
    return {"lines": lines, "shared": shared, "why": why}


def _look_of(offer: Offer) -> dict[str, Hashable]:
    """What decides how a button looks, but for its addresses."""
    verdict = offer.verdict
    return {
        "label": str(offer.label), "reason": verdict.reason if verdict.code else "", "way_label": str(verdict.way_label),
        "method": offer.method, "style": offer.style, "icon": offer.icon, "asks": offer.asks,
        "sends": tuple(offer.sends.items()), "key": offer.key,
    }  # fmt: skip


def _button(
    template_name: str, url: str, way: str, reason: str, way_label: str, label: str, sends: Any, **known: Any
) -> str:
    """One button, drawn by its template, with what `_look_of` and its place tell."""
    verdict = (
        Verdict("refused", reason, way=way if way_label else "", way_label=way_label) if reason else ALLOWED
    )
    look = {name: known.pop(name) for name in ("method", "style", "icon", "asks", "key")}
    return fragment(template_name, offer=Offer(label, url, verdict, sends=dict(sends), **look), **known)


TEXTS = ("url", "way", "why", "name", "back", "csrf_token")
IN_ROW, IN_MENU, ON_PAGE = (
    Shapes(partial(_button, f"components/{name}.html"), *TEXTS)
    for name in ("_action_in_row", "_action_item", "_action")
)


def _way(verdict: Verdict, back: str) -> str:
    """The address of a way out of a refusal, which leads back."""
    return f"{verdict.way}?next={quote(back, safe='')}" if verdict.way and back else verdict.way


def _why() -> str:
    return f"why-{secrets.token_hex(4)}"


def _frame(context: dict[str, Any]) -> dict[str, Any]:
    """What buttons need of the page around them: the token, and where a way out of a refusal leads back to."""
    request = context.get("request")
    return {"csrf_token": context.get("csrf_token"), "next": request.get_full_path() if request else ""}
