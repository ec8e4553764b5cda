"""Every address × values that nobody types: in the query, and in each field of its form. An answer, and never a fault of ours."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from tests.conftest import client_of
from tests.house.test_urls import ADDRESSES, text_of, things, url_of  # noqa: F401
from tests.support.walks import stop

pytestmark = [pytest.mark.django_db, pytest.mark.slow(reason="every address is asked for, often")]
HOSTILE = {
    "a number of 5,000 digits": "9" * 5000,
    "a number no column holds": str(2**63),
    "what no text has": "a\0b\ud800",
    "markup and other digits": "'\"><script>{{7*7}}%s%(x)s²٣",
}
PARAMETERS = (
    "after", "before", "columns", "count", "data_disk_1", "data_disks", "draft", "flavor", "id", "image", "kind", "month",
    "next", "page", "per_page", "pick", "prefix", "q", "section", "seen", "server", "show", "since", "sort", "status",
    "system_disk_gb", "tab", "type", "until", "upload", "was",
)  # fmt: skip
FIELD = re.compile(r'<(?:input|select|textarea)[^>]* name="([^"]+)"')


def percent(text: str) -> str:
    """As an address has it, also what no encoder would write."""
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_query_has_an_answer(
    kind: str,
    things: dict[str, Any],  # noqa: F811
    people: SimpleNamespace,
    subtests: pytest.Subtests,
) -> None:
    client, value = client_of(people.alice), percent(HOSTILE[kind])
    query = "&".join(f"{name}={value}" for name in PARAMETERS)
    for name, places in ADDRESSES:
        url = url_of(name, places, things)
        with stop(subtests, name):
            assert client.get(f"{url}?{query}").status_code < 500


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_form_has_an_answer(
    kind: str,
    things: dict[str, Any],  # noqa: F811
    people: SimpleNamespace,
    subtests: pytest.Subtests,
) -> None:
    client = client_of(people.alice)
    for name, places in ADDRESSES:
        url = url_of(name, places, things)
        with stop(subtests, name):
            fields = fields_of(client, url)
            assert sent(client, url, dict.fromkeys(fields, HOSTILE[kind])) < 500


def fields_of(client: Client, url: str) -> set[str]:
    return {*FIELD.findall(text_of(client.get(url))), "pick", "next", "action"} - {"csrfmiddlewaretoken"}


def sent(client: Client, url: str, form: dict[str, str]) -> int:
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode("utf-8", "surrogatepass")
    return int(client.generic("POST", url, body, "application/x-www-form-urlencoded").status_code)
