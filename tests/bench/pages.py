"""How long pages of a large catalogue take, and how often they ask the database."""

import re
import statistics
from dataclasses import dataclass, field
from urllib.parse import quote

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from images.models import Image
from tests.bench.figures import Figure
from tests.bench.fill import PROJECT
from tests.bench.site import FRAGMENT, Visitor, p95, signed_in
from tests.support.web import WebServer


@dataclass(frozen=True)
class Look:
    """A page that somebody opens: at most so many milliseconds in the middle, and in the worst case."""

    what: str
    url: str
    ms: float
    worst_ms: float | None = None
    queries: float | None = None
    headers: dict[str, str] = field(default_factory=dict)


PRIVATE = "/images/?tab=private"


def looks(visitor: Visitor, prefix: str) -> list[Look]:
    image = Image.objects.filter(project__name=PROJECT, status="active").earliest("created_at").pk
    own = Image.objects.filter(project__name=PROJECT).order_by("created_at")
    middle = own[own.count() // 2].created_at
    return [
        Look("private images, first page", PRIVATE, 50, queries=8),
        Look("its fragment", PRIVATE, 35, headers=FRAGMENT),
        Look("search of a word", f"{PRIVATE}&q=nginx", 80),
        Look("search of a rare name", f"{PRIVATE}&q=000420", 80),
        Look("search of two Chinese characters", f"{PRIVATE}&q={quote('网站')}", 80),
        Look("search of what there is not", f"{PRIVATE}&q=no-such-name", 80),
        Look("two tags", f"{PRIVATE}&tag=env%3Dprod&tag=team%3Dteam-7", 80),
        Look("status", f"{PRIVATE}&status=frozen", 80),
        Look("created between", f"{PRIVATE}&since={middle:%Y-%m-%d}&until={middle:%Y-%m-%d}", 80),
        Look("sorted by size", f"{PRIVATE}&sort=-stored_bytes", 80),
        Look("behind a cursor in the middle", f"{PRIVATE}&{_cursor(visitor, prefix, f'{middle:%Y-%m-%d}')}", 80),
        Look("last page", f"{PRIVATE}&page=last", 80),
        Look("search everything, a word", "/search/?q=nginx", 250),
        Look("search everything, a rare name", "/search/?q=000420", 250),
        Look("search everything, what there is not", "/search/?q=no-such-name", 250),
        Look("search everything, while one types", "/search/?q=nginx", 200, headers=FRAGMENT),
        Look("shared images", "/images/?tab=shared", 60),
        Look("public images", "/images/?tab=public", 60),
        Look("market images", "/images/?tab=market", 60),
        Look("overview", "/", 80),
        Look("servers", "/servers/", 60, worst_ms=200),
        Look("create server", f"/servers/create/?image={image.hex}", 100),
        Look("create server, nothing chosen", "/servers/create/", 100),
        Look("guide", "/images/choose/", 100),
        Look("image detail", f"/images/{image}/", 40),
    ]  # fmt: skip


def _cursor(visitor: Visitor, prefix: str, day: str) -> str:
    """The place of a row in the middle, as a page there names it for the next."""
    found = re.search(r"[?&;](after=[^\"&]+)", visitor.get(f"{prefix}{PRIVATE}&until={day}").text)
    return found[1] if found else "page=2"


def figures(size: str) -> list[Figure]:
    """Of each page the middle of twenty, over gunicorn as it is shipped."""
    found = []
    with WebServer() as server:
        client, visitor, prefix = signed_in(server.url)
        for look in looks(visitor, prefix):
            times, queries = (
                visitor.times(prefix + look.url, look.headers),
                _queries(client, prefix + look.url, look),
            )
            how = f"{size}, {queries} queries, p95 {p95(times):.0f}"
            found.append(Figure(look.what, statistics.median(times), "ms", look.ms, how=how))
            if look.worst_ms:
                found.append(Figure(f"{look.what}, the worst", max(times), "ms", look.worst_ms, how=size))
            if look.queries:
                found.append(Figure(f"{look.what}: queries", queries, "", look.queries, how=size))
    return found


def _queries(client: Client, url: str, look: Look) -> int:
    client.get(url, headers=look.headers)
    with CaptureQueriesContext(connection) as queries:
        client.get(url, headers=look.headers)
    return len(queries)
