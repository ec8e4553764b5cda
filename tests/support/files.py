"""The CSV file of a list, as the reader gets it."""

import csv
import io

from django.urls import reverse

from imsconsole.accounts.actor import Actor
from tests.conftest import client_of


def file_of(actor: Actor, room: str, language: str = "en", **query: str) -> list[dict[str, str]]:
    """The rows of the file behind the button of the list `<room>:list`, by their headings."""
    response = client_of(actor).get(reverse(f"{room}:export"), query, headers={"Accept-Language": language})
    assert response["Content-Disposition"].startswith("attachment")
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))
