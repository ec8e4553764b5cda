"""Every address × values that nobody types: in the query, and in each field of its form. An answer, and never a fault of ours.

Nor does a page or a form wait for its region, which does not answer: pages read rows, the clock and the workers ask.
"""

import re
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.core.handlers import wsgi
from django.http import QueryDict, request
from django.test import Client
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.audit.refusals import forget_unwritten
from tests.conftest import HTMX, client_of
from tests.house.test_urls import ADDRESSES, text_of, things, url_of  # noqa: F401
from tests.house.test_waiting import asked, unreachable  # noqa: F401
from tests.support.engines import UnreachableEngine
from tests.support.sweep import is_whole
from tests.support.walks import stop, undone

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="every address is asked for, often")]
MARKUP = "'\"><script>{{7*7}}%s%(x)s²٣"
OTHERS = (
    "9" * 5000,
    str(2**63),  # which no column holds
    "a\0b\ud800",  # which no text has
)
OF_ANY_PAGE = {"for", "kept"}  # asked for by what keeps long forms, whatever the page
OF_ANY_FORM = {"pick", "next", "action"}
TOKEN = "csrfmiddlewaretoken"
# the picture of a screen, at which nobody could look, and a file of the store on its way out, for which no page waits
ASKING = {"servers:screen-picture", "images:download-stored"}
FIELD = re.compile(r'<(?:input|select|textarea)[^>]* name="([^"]+)"')


def percent(text: str) -> str:
    """As an address has it, also what no encoder would write."""
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


class Noted(QueryDict):
    """A query or a form that notes which of its names are asked for, once it is read."""

    asked: set[str]
    is_read = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_read = True

    def _note(self, name: str) -> None:
        if self.is_read:
            self.asked.add(name)

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._note(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def getlist(self, name: str, default: Any = None) -> list[Any]:
        self._note(name)
        return super().getlist(name, default)


class Query(Noted):
    asked: ClassVar[set[str]] = set()


class Form(Noted):
    asked: ClassVar[set[str]] = set()


def test_every_page_query_and_form_has_an_answer_when_its_region_has_none(
    things: dict[str, Any],  # noqa: F811
    people: SimpleNamespace,
    unreachable: UnreachableEngine,  # noqa: F811
    asked: list[str],  # noqa: F811
    subtests: pytest.Subtests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A query has what its page asks it for; a page or form that asks for nothing answers the same whatever it says.

    Pages are drawn whole, then without the frame, which asks for the same in each.
    """
    monkeypatch.setattr(wsgi, "QueryDict", Query)
    monkeypatch.setattr(request, "QueryDict", Form)
    client = client_of(people.alice)
    for value in (*OTHERS, MARKUP):
        assert client.get(f"{reverse('images:list')}?{query(OF_ANY_PAGE, value)}").status_code < 500
    for number, (name, places) in enumerate(ADDRESSES):
        url = url_of(name, places, things)
        for notes in (Query.asked, Form.asked, unreachable.asked, asked):
            notes.clear()
        forget_unwritten()  # what the address before was refused
        with stop(subtests, name):
            page = client.get(url)
            assert page.status_code < 500 or name in ASKING
            assert page["Cache-Control"] == "no-store"
            assert not Event.objects.exists(), "reading changes nothing"
            assert Query.asked
            with undone():
                assert sent(client, url, {"nothing": ""}, headers=None) < 500
            fields = {*FIELD.findall(text_of(page)), *Form.asked, *OF_ANY_FORM} - {TOKEN}
            for value in values_of(number):
                if names := Query.asked - OF_ANY_PAGE:
                    answer = client.get(f"{url}?{query(names, value)}", headers=HTMX)
                    assert answer.status_code < 500, value[:30]
                if Form.asked - {TOKEN}:
                    with undone():
                        assert sent(client, url, dict.fromkeys(fields, value)) < 500, value[:30]
            assert unreachable.asked == asked == [] or name in {*ASKING, "healthz"}


def values_of(number: int) -> tuple[str, ...]:
    """Markup, and by turns one of the others: what no text has is refused at the door of all."""
    return (*OTHERS, MARKUP) if is_whole() else (OTHERS[number % len(OTHERS)], MARKUP)


def query(names: set[str], value: str) -> str:
    return "&".join(f"{each}={percent(value)}" for each in sorted(names))


def sent(client: Client, url: str, form: dict[str, str], headers: dict[str, str] | None = HTMX) -> int:
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode("utf-8", "surrogatepass")
    kind = "application/x-www-form-urlencoded"
    return int(client.generic("POST", url, body, kind, headers=headers).status_code)
