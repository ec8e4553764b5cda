"""Every page that links lead to, in two languages, widths and themes: nothing for axe, nothing cut off, no word in the wrong language."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.sitemap import Place, places, troubles_of
from tests.support.stage import NOWHERE, set_stage
from tests.support.sweep import some
from tests.support.visitor import Visitor, first_load_bytes

pytestmark = [pytest.mark.browser, pytest.mark.guest]

MOST_BYTES = 120 * 1024  # over the wire, scripts and styles included
# what axe finds in the parts of Django's administration: a picture as the label of its search, its fields with
# a search of their own (select2), and the tables within its pages
DJANGOS = ("label-title-only", "aria-input-field-name", "empty-table-header", "scrollable-region-focusable")
WIDE: dict[str, Any] = {"locale": "zh-CN", "color_scheme": "light"}
NARROW: dict[str, Any] = {
    "locale": "en-US",
    "color_scheme": "dark",
    "viewport": {"width": 390, "height": 844},
}


@pytest.fixture(scope="module")
def stage(console: Console, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The first page, and those that no link leads to, of a console somebody worked with."""
    return ("/", *set_stage(console, tmp_path_factory.mktemp("files")))


@pytest.mark.parametrize("who", ["alice", "admin"])
def test_every_page_can_be_read_by_everybody(
    who: str, visitor: Callable[..., Visitor], stage: tuple[str, ...]
):
    beginning = stage if who == "alice" else ("/admin/",)
    known = DJANGOS if who == "admin" else ()
    found: list[Place] = []
    troubles: list[str] = []
    reader = visitor(**WIDE)
    reader.sign_in(who)
    for place in places(reader, *beginning):
        found.append(place)
        troubles += troubles_at(reader, place, WIDE["locale"], known)
    reader = visitor(**NARROW)
    reader.sign_in(who)
    for place in of_each_kind(found):
        reader.page.goto(reader.url + place.path)
        troubles += troubles_at(reader, place, NARROW["locale"], known)
    assert len(found) > 90
    assert troubles == []


def of_each_kind(found: list[Place]) -> list[Place]:
    """All, but of the pages of the help, and of Django's that show a model each (its lists, its forms, …), some."""
    kinds: dict[str, list[Place]] = {}
    for place in found:
        kind = "help-page" if place.name.startswith("help-page") else place.name.rpartition("_")[2]
        kinds.setdefault(kind, []).append(place)
    return [place for alike in kinds.values() for place in some(alike)]


def troubles_at(reader: Visitor, place: Place, language: str, known: tuple[str, ...]) -> list[str]:
    """What is wrong with the page that is open; all pages are told of at once."""
    if place.path == NOWHERE:
        reader.troubles.clear()
    troubles = troubles_of(reader.page, language)
    try:
        reader.look(*known)
    except AssertionError as error:
        troubles.append(f"{error} {reader.troubles}")
        reader.troubles.clear()
    return [f"{place.path}: {one}" for one in troubles]


@pytest.mark.parametrize("path", ["/", "/images/?tab=public", "/servers/create/"])
def test_the_first_page_comes_in_at_most_120_kb(path: str, visitor: Callable[..., Visitor]):
    bob = visitor()
    bob.sign_in("bob")
    assert 0 < first_load_bytes(bob.page, bob.url + path) <= MOST_BYTES
