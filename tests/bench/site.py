"""A client of a console that is served."""

import gzip
import http.client
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.test import Client

from imsconsole.accounts.models import Project, User
from tests.bench.fill import PROJECT

FRAGMENT = {"HX-Request": "true"}


@dataclass(frozen=True)
class Answer:
    ms: float
    first_ms: float  # until its first byte
    body: bytes

    @property
    def text(self) -> str:
        return (gzip.decompress(self.body) if self.body[:2] == b"\x1f\x8b" else self.body).decode()


class Visitor:
    """Signed in by the cookie; each request has a connection of its own."""

    def __init__(self, url: str, cookie: str) -> None:
        self.host, self.cookie = urlsplit(url).netloc, cookie

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Raises SystemExit: it is no page."""
        started = time.perf_counter()
        connection = http.client.HTTPConnection(self.host, timeout=600)
        connection.request(
            "GET", url, headers={"Cookie": self.cookie, "Accept-Encoding": "gzip", **(headers or {})}
        )
        response = connection.getresponse()
        first = time.perf_counter()
        body = response.read()
        connection.close()
        ended = time.perf_counter()
        if response.status != 200:
            raise SystemExit(f"{url} answered {response.status}")
        return Answer((ended - started) * 1000, (first - started) * 1000, body)

    def times(self, url: str, headers: Mapping[str, str] | None = None, runs: int = 20) -> list[float]:
        """Milliseconds of so many requests, after three that do not count."""
        return [self.get(url, headers).ms for _ in range(runs + 3)][3:]


def signed_in(url: str) -> tuple[Client, Visitor, str]:
    """One who owns half of the images: in this process, over the network, and what their addresses begin with."""
    client = Client()
    client.force_login(User.objects.get(username=PROJECT))
    visitor = Visitor(url, f"sessionid={client.cookies['sessionid'].value}")
    return client, visitor, f"/p/{Project.objects.get(name=PROJECT).pk}"


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
