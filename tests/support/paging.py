"""Going through the pages of a list."""

from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from imsconsole.core.paging import page_of


def walked(rows: "QuerySet[Any]", way: str, begin: str = "", per_page: int = 2) -> list[list[Any]]:
    """The keys on each page, from where `begin` leads, as long as a link leads on (`way`: next, previous)."""
    pages, query = [], begin
    for _ in range(len(rows) + 3):
        page = page_of(rows, QueryDict(query.lstrip("?")), per_page)
        pages.append([row.pk for row in page.rows])
        query = getattr(page, way)
        if not query:
            return pages
    raise AssertionError(f"no end of pages: {pages}")


def flat(pages: list[list[Any]]) -> list[Any]:
    return [pk for page in pages for pk in page]


def assert_walks_every_row(rows: "QuerySet[Any]", keys: list[Any], per_page: int = 2) -> None:
    """Each of the keys is on one page, in their order, forwards and backwards."""
    assert flat(walked(rows, "next", per_page=per_page)) == keys
    backwards = walked(rows, "previous", "page=last", per_page)[::-1]
    assert list(dict.fromkeys(flat(backwards))) == keys  # the first page is full, and may say again
    assert len(flat(backwards[1:])) == len(set(flat(backwards[1:])))
