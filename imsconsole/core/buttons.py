"""Buttons: what `core.actions` offers, drawn by `components/_action*.html`, each look once for a process."""

import secrets
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils.safestring import SafeString

from imsconsole.core.actions import MORE, PAGE, ROW, Action, Offer, Offers, shared_refusal
from imsconsole.core.cells import Shapes, fragment
from imsconsole.core.rules import ALLOWED, Verdict


def buttons_of(offers: Offers, place: str, request: HttpRequest | None, csrf_token: object) -> dict[str, Any]:
    """The context of `components/_actions.html`, which draws what is offered at a place.

    Those of a row stand in its menu, but for the primary ones that are allowed.
    """
    back = request.get_full_path() if request else ""
    frame = {"csrf_token": csrf_token, "back": back, "name": str(offers)}
    more = offers.at(MORE) if place == PAGE else []
    return _placed(_leading_back(offers.at(place), back), _leading_back(more, back), place, frame)


def id_of_reason() -> str:
    """Of a reason on the page, so that its button can name it."""
    return f"why-{secrets.token_hex(4)}"


class RowButtons:
    """The buttons of a row, as `buttons_of` makes them: drawn once for all rows of which the rules say the same."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self.actions = [each for each in actions if ROW in each.where]
        numbers = range(len(self.actions))
        addresses = (f"{kind}{number}" for number in numbers for kind in ("url", "way"))
        self.stand_in = SimpleNamespace(pk=uuid4())
        marks = {"pk": str(self.stand_in.pk), "hex": self.stand_in.pk.hex}
        texts = ("name", "back", "csrf_token", "why", *addresses)
        self.shapes = Shapes(self._draw, *texts, given=marks)

    def fill(
        self, thing: Any, actor: Any, known: Mapping[str, Any], back: str, csrf_token: object
    ) -> SafeString:
        texts = {
            "name": str(thing),
            "back": back,
            "csrf_token": csrf_token,
            "why": id_of_reason(),
            "pk": thing.pk,
        }
        is_uuid = isinstance(thing.pk, UUID)
        if is_uuid:
            texts["hex"] = thing.pk.hex
        asked = []
        for number, action in enumerate(self.actions):
            if not action.is_shown(thing):
                continue
            reason = way_label = ""
            if not (verdict := action.ask(thing, actor, known)):
                verdict = _with_way_back(verdict, back)
                reason, way_label = verdict.reason, str(verdict.way_label) if verdict.way else ""
                texts[f"way{number}"] = verdict.way
            if not (by_key := is_uuid and action.leads_by_key):
                texts[f"url{number}"] = action.address(thing, known)
            asked.append((number, by_key, reason, way_label))
        return self.shapes.fill(texts, asked=tuple(asked), prefix=get_script_prefix())

    def _draw(
        self,
        name: str,
        csrf_token: str,
        why: str,
        back: str,
        asked: tuple[tuple[int, bool, str, str], ...],
        **at: str,
    ) -> str:
        offers = [
            self.actions[number].offer(
                self.actions[number].address(self.stand_in) if by_key else at[f"url{number}"],
                _said(reason, way_label and at[f"way{number}"], way_label),
            )
            for number, by_key, reason, way_label in asked
        ]
        frame = {"csrf_token": csrf_token, "back": back, "name": name}
        return fragment("components/_actions.html", **_placed(offers, [], ROW, frame, why))


def _placed(
    here: Sequence[Offer], more: Sequence[Offer], place: str, frame: dict[str, Any], why: str = ""
) -> dict[str, Any]:
    """In a row a menu with nothing but one line that is allowed is none."""
    menu = [each for each in here if each.style != "primary" or not each.verdict] if place == ROW else []
    if len(menu) == 1 and menu[0].verdict:
        menu = []
    buttons = [each for each in here if each.style == "primary" and each.verdict] if menu else here
    return {
        **frame,
        "place": place,
        "buttons": _told(buttons, IN_ROW if place == ROW else ON_PAGE, frame, place, why),
        "menu": _told(menu or more, IN_MENU, frame, place, why),
    }


def _told(
    offers: Sequence[Offer], shapes: Shapes, frame: dict[str, Any], place: str, why: str
) -> dict[str, Any]:
    """The buttons, drawn; a reason that many of them have is said once (`shared`)."""
    shared, why = shared_refusal(offers), why or id_of_reason()
    lines = []
    for number, each in enumerate(offers, 1):
        said = bool(shared.code) and each.verdict.reason == shared.reason
        texts = {**frame, "url": each.url, "why": why if said else f"{why}-{number}", "way": each.verdict.way}
        here = {"place": place, "number": number if place == PAGE else 0, "said": said}
        lines.append(shapes.fill(texts, **_look_of(each), **here))
    return {"lines": lines, "shared": shared, "why": why}


def _look_of(offer: Offer) -> dict[str, Hashable]:
    """What decides how a button looks, but for its addresses."""
    verdict = offer.verdict
    return {
        "label": str(offer.label), "reason": verdict.reason if verdict.code else "",
        "way_label": str(verdict.way_label) if verdict.way else "",
        "method": offer.method, "style": offer.style, "icon": offer.icon, "asks": offer.asks,
        "sends": tuple(offer.sends.items()), "key": offer.key,
    }  # fmt: skip


def _button(
    template_name: str, url: str, way: str, reason: str, way_label: str, label: str, sends: Any, **known: Any
) -> str:
    """One button, drawn by its template, with what `_look_of` and its place tell."""
    look = {name: known.pop(name) for name in ("method", "style", "icon", "asks", "key")}
    verdict = _said(reason, way if way_label else "", way_label)
    return fragment(template_name, offer=Offer(label, url, verdict, sends=dict(sends), **look), **known)


TEXTS = ("url", "way", "why", "name", "back", "csrf_token")
IN_ROW, IN_MENU, ON_PAGE = (
    Shapes(partial(_button, f"components/{name}.html"), *TEXTS)
    for name in ("_action_in_row", "_action_item", "_action")
)


def _said(reason: str, way: str, way_label: str) -> Verdict:
    """A verdict of which only the words are left."""
    return Verdict("refused", reason, way=way, way_label=way_label) if reason else ALLOWED


def _leading_back(offers: Iterable[Offer], back: str) -> list[Offer]:
    return [replace(each, verdict=_with_way_back(each.verdict, back)) for each in offers]


def _with_way_back(verdict: Verdict, back: str) -> Verdict:
    """Whose way out of the refusal leads back to where it was read."""
    return (
        replace(verdict, way=f"{verdict.way}?next={quote(back, safe='')}")
        if verdict.way and back
        else verdict
    )
