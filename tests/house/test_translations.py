"""Every sentence has its Chinese: nothing missing, nothing fuzzy, nothing left over; so has every heading of a table."""

import csv
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django_tables2 as tables
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation

from market.billing.views import SECTIONS
from tests import factories
from tests.conftest import client_of

ROOT = Path(settings.BASE_DIR)
HAN = re.compile("[一-鿿]")
ALSO_CHINESE = {"ID", "SHA-256", "vCPU", "vCPUs"}
LITERAL = re.compile(r"""<th\b[^>]*>([^<{]+)<|data-label=["']([^"'{]+)["']""")
PO = ROOT / "imsconsole" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"

COUNTED = re.compile(r"%\((n|count|number|images|servers|ids)\)[sd] \w+s\b")
SEVERAL = {"%(count)s images are being created.", "%(count)s servers"}  # said of several only


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def key(message: Message) -> tuple[str, str]:
    return message.context or "", str(message.id)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Every message in the code and the templates, as makemessages finds them in a copy of the tree."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "manage.py", tree)
    for part in ("imsconsole", "images", "sharing", "market"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    made = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "makemessages",
            "-l",
            "zh_Hans",
            "--no-obsolete",
            "--add-location",
            "file",
        ],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return {key(message) for message in read(tree / PO.relative_to(ROOT)) if message.id}


@pytest.mark.slow(reason="all sources are read for sentences")
def test_no_sentence_is_missing_or_fuzzy(wanted: set[tuple[str, str]]) -> None:
    catalog = read(PO)
    done = {
        key(message)
        for message in catalog
        if message.id
        and not message.fuzzy
        and all(message.string if isinstance(message.string, (tuple, list)) else [message.string])
    }
    assert sorted(wanted - done) == []


@pytest.mark.slow(reason="all sources are read for sentences")
def test_no_sentence_is_left_over(wanted: set[tuple[str, str]]) -> None:
    assert sorted({key(message) for message in read(PO) if message.id} - wanted) == []


def test_translations_keep_their_places() -> None:
    for message in read(PO):
        assert [str(error) for error in message.check()] == [], message.id


def not_chinese(headings: Iterable[Any]) -> list[str]:
    return [
        heading for heading in map(str, headings) if not HAN.search(heading) and heading not in ALSO_CHINESE
    ]


def tables_below(base: type[tables.Table]) -> Iterator[type[tables.Table]]:
    for table in base.__subclasses__():
        yield table
        yield from tables_below(table)


def empty(table: type[tables.Table]) -> tables.Table:
    """Without rows, in no order, and for nobody: its headings need none of that."""
    needed = inspect.signature(table).parameters.values()
    unknown = dict.fromkeys(each.name for each in needed if each.kind is each.KEYWORD_ONLY)
    model = table._meta.model
    return table(model.objects.none() if model else [], order_by=(), **unknown)


def test_every_heading_of_a_table_is_chinese() -> None:
    """Also one that is made of the name of an attribute, which no catalogue knows."""
    found = {
        table
        for table in tables_below(tables.Table)
        if not table.__subclasses__() and not table.__module__.startswith("tests.")
    }
    assert len(found) > 25
    with translation.override("zh-hans"):
        shown = {
            table.__name__: [column.header for column in empty(table).columns.iterall()] for table in found
        }
        english = {name: not_chinese(headings) for name, headings in shown.items() if not_chinese(headings)}
    assert english == {}


def test_no_heading_in_a_template_is_its_english() -> None:
    found = {
        str(path.relative_to(ROOT)): not_chinese(
            filter(str.strip, map("".join, LITERAL.findall(path.read_text())))
        )
        for path in (ROOT / "imsconsole/templates").rglob("*.html")
    }
    assert {name: headings for name, headings in found.items() if headings} == {}


def files(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    """The routes of all CSV files."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from files(entry, route)
        elif isinstance(entry, URLPattern) and route.endswith(".csv"):
            yield route


@pytest.mark.django_db
def test_every_heading_of_a_csv_file_is_chinese(people: SimpleNamespace) -> None:
    project = people.alice.project
    ids = {
        "image_id": factories.ImageFactory(project=project).pk,
        "bucket_id": factories.BucketFactory(project=project).pk,
    }
    client, english, routes = client_of(people.alice), {}, list(files(get_resolver()))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    for route in routes:
        address = re.sub(r"<uuid:(\w+)>", lambda match: str(ids[match[1]]), route)
        for query in ("", *(f"?tab={tab}" for tab in SECTIONS if "billing/export" in route)):
            content = b"".join(client.get(address + query).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
            if found := not_chinese(next(csv.reader(content.splitlines()))):
                english[route + query] = found
    assert len(routes) >= 12
    assert english == {}


def test_what_is_counted_has_a_singular() -> None:
    """“1 data disks”: a number before a plural needs `ngettext`, or a place that no plural follows."""
    counted = [
        message.id for message in read(PO) if isinstance(message.id, str) and COUNTED.search(message.id)
    ]
    assert sorted(set(counted) - SEVERAL) == []
