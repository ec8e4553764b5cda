"""Reading what `/metrics` tells."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from imsconsole.core.counting import COUNTED

TOKEN = "watchers-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Number:
    name: str
    labels: dict[str, str]
    value: float


def told(path: str = "/metrics") -> list[Number]:
    response = Client().get(path, headers=BEARER)
    assert response.status_code == 200, response.content
    return list(parsed(response.content.decode()))


def parsed(text: str) -> Iterator[Number]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield Number(sample.name, dict(sample.labels), sample.value)


def value(name: str, numbers: list[Number] | None = None, **labels: str) -> float:
    """Of the one that has these labels at least."""
    found = [
        each for each in numbers or told() if each.name == name and labels.items() <= each.labels.items()
    ]
    assert len(found) == 1, (name, labels, found)
    return found[0].value


def counted_here(name: str, **labels: str) -> float:
    """What this process has counted since it began."""
    return COUNTED.get_sample_value(name, labels) or 0
