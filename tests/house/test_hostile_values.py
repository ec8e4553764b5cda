"""Every address × values that nobody types: in the query, and in each field of its form. An answer, and never a fault of ours."""

import re
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.core.handlers import wsgi
from django.http import QueryDict
from django.test import Client

from tests.conftest import HTMX, client_of
from tests.house.test_urls import ADDRESSES, text_of, things, url_of  # noqa: F401
from tests.support.walks import stop, undone

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="every address is asked for, often")]
HOSTILE = {
    "a number of 5,000 digits": "9" * 5000,
    "a number no column holds": str(2**63),
    "what no text has": "a\0b\ud800",
    "markup and other digits": "'\"><script>{{7*7}}%s%(x)s²٣",
}
OF_ANY_PAGE = {"for", "kept"}  # asked for by what keeps long forms, whatever the page
FIELD = re.compile(r'<(?:input|select|textarea)[^>]* name="([^"]+)"')


def percent(text: str) -> str:
    """As an address has it, also what no encoder would write."""
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


class Noted(QueryDict):
    """A query that notes which of its names are asked for, once it is read."""

    asked: ClassVar[set[str]] = set()
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


def test_every_query_and_every_form_has_an_answer(
    things: dict[str, Any],  # noqa: F811
    people: SimpleNamespace,
    subtests: pytest.Subtests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A query has what its page asks it for; a page that asks for nothing answers the same whatever it says."""
    monkeypatch.setattr(wsgi, "QueryDict", Noted)
    client = client_of(people.alice)
    for name, places in ADDRESSES:
        url = url_of(name, places, things)
        Noted.asked.clear()
        with stop(subtests, name):
            fields = fields_of(client, url)
            assert Noted.asked
            for kind, value in HOSTILE.items():
                if Noted.asked - OF_ANY_PAGE:
                    query = "&".join(f"{each}={percent(value)}" for each in sorted(Noted.asked))
                    assert client.get(f"{url}?{query}").status_code < 500, kind
                with undone():
                    assert sent(client, url, dict.fromkeys(fields, value)) < 500, kind


def fields_of(client: Client, url: str) -> set[str]:
    return {*FIELD.findall(text_of(client.get(url))), "pick", "next", "action"} - {"csrfmiddlewaretoken"}


def sent(client: Client, url: str, form: dict[str, str]) -> int:
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode("utf-8", "surrogatepass")
    kind = "application/x-www-form-urlencoded"
    return int(client.generic("POST", url, body, kind, headers=HTMX).status_code)
