"""Going through a wizard: its first page is sent, then the page of confirmation."""

from typing import Any

from django.http import HttpResponse
from django.test import Client


def confirmation(client: Client, url: str, typed: dict[str, Any]) -> str:
    """The address of the page of confirmation, to which the first page leads."""
    answer = client.post(url, typed)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def gone_through(client: Client, url: str, typed: dict[str, Any], **options: Any) -> HttpResponse:
    """What the last page leads to."""
    confirm = confirmation(client, url, typed)
    assert client.get(confirm).status_code == 200
    return client.post(confirm, **options)
