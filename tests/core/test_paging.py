"""Pages of a list: every row on one of them, in both directions, whatever the order, ties and empty columns."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from django.db.models import F
from django.http import QueryDict
from django.utils import translation
from django.utils.translation import ngettext_lazy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imsconsole.core import paging
from imsconsole.core.paging import Order, Total, in_order, page_of
from imsconsole.jobs.models import ClockEntry
from tests.support.paging import assert_walks_every_row

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = ("host", "due_at", "started_at", "finished_at", "name")
few = st.integers(0, 2)
maybe = st.none() | few
BY_THEMSELVES = settings(  # the examples of a test make their rows anew
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def counted_to_three(monkeypatch):
    """So that a handful of rows are too many."""
    monkeypatch.setattr(paging, "COUNTED", 3)
    monkeypatch.setattr(paging, "FEWER", 2)


def day(number: int | None) -> datetime | None:
    return None if number is None else DAY + timedelta(microseconds=number)


def entries(*rows: tuple[int, int, int | None, int | None]) -> None:
    ClockEntry.objects.all().delete()
    ClockEntry.objects.bulk_create(
        ClockEntry(name=f"n{number}", host="ab"[host % 2], due_at=day(due), started_at=day(a), finished_at=day(b))
        for number, (host, due, a, b) in enumerate(rows)
    )  # fmt: skip


@st.composite
def orders(draw):
    """Some columns, up or down, with empty ones wherever they are by themselves or as asked."""
    columns = draw(st.lists(st.sampled_from(COLUMNS), max_size=3, unique=True))
    clauses = []
    for column in columns:
        way = draw(st.sampled_from(["", "-", "asc first", "asc last", "desc first", "desc last"]))
        if way in ("", "-"):
            clauses.append(way + column)
        else:
            turn, where = way.split()
            clauses.append(getattr(F(column), turn)(**{f"nulls_{where}": True}))
    return clauses


@pytest.mark.slow(reason="150 lists, each gone through twice")
@settings(BY_THEMSELVES, max_examples=150)
@given(
    rows=st.lists(st.tuples(few, few, maybe, maybe), max_size=9), order=orders(), per_page=st.integers(1, 4)
)
def test_every_row_is_on_one_page_in_both_directions(rows, order, per_page):
    entries(*rows)
    found = ClockEntry.objects.order_by(*order)
    names = [row.name for row in in_order(found)]
    assert sorted(names) == sorted(row.name for row in ClockEntry.objects.all())
    assert_walks_every_row(found, names, per_page)


@settings(BY_THEMSELVES, max_examples=100)
@given(rows=st.lists(st.tuples(few, few, maybe, maybe), max_size=9), down=st.booleans())
def test_empty_columns_are_the_largest_and_the_key_parts_equals(rows, down):
    entries(*rows)
    sign = "-" if down else ""
    found = in_order(ClockEntry.objects.order_by(f"{sign}started_at", f"{sign}host"))
    names = [(row.started_at is None, row.started_at or DAY, row.host, row.name) for row in found]
    assert names == sorted(names, reverse=down)


def nine() -> None:
    entries(*((number, number // 4, number % 3 or None, None) for number in range(9)))


def cursor_of(url: str) -> QueryDict:
    return QueryDict(url.lstrip("?"))


@pytest.mark.parametrize("order", ["due_at", "-due_at", "started_at", "-started_at", "name"])
def test_the_row_that_a_cursor_names_may_be_gone(order):
    nine()
    rows = ClockEntry.objects.order_by(order)
    names = [row.name for row in in_order(rows)]
    first = page_of(rows, QueryDict(""), 3)
    ClockEntry.objects.filter(name=first.rows[-1].name).delete()
    behind = page_of(rows, cursor_of(first.next), 3)
    assert [row.name for row in behind.rows] == names[3:6]
    assert [row.name for row in page_of(rows, cursor_of(behind.previous), 3).rows] == [
        names[0],
        names[1],
        names[3],
    ]


def test_behind_the_last_row_stands_the_last_page_and_before_the_first_the_first():
    nine()
    rows = ClockEntry.objects.order_by("name")
    first, last = page_of(rows, QueryDict(""), 3), page_of(rows, QueryDict("page=last"), 3)
    ClockEntry.objects.filter(name__gt="n5").delete()
    behind = page_of(rows, cursor_of(page_of(rows, cursor_of(first.next), 3).next or last.previous), 3)
    assert [row.name for row in behind.rows] == ["n3", "n4", "n5"]
    ClockEntry.objects.filter(name__lt="n4").delete()
    before = page_of(rows, cursor_of(last.previous), 3)
    assert [row.name for row in before.rows] == ["n4", "n5"]
    assert (before.start, before.previous, before.next) == (1, "", "")


@pytest.mark.parametrize("name", ["after", "before"])
def test_a_cursor_that_is_none_of_this_order_leads_to_the_first_page(name):
    nine()
    rows = ClockEntry.objects.order_by("name")
    key = ("n4",)
    others = [
        Order.of(ClockEntry.objects.order_by("-name")).cursor(key),
        Order.of(ClockEntry.objects.order_by("host")).cursor(("a", "n4")),
        Order.of(rows).cursor(("n4", "n5")),
        Order.of(rows).cursor(key)[:-1],
        "", "x", "%00", "\0", "W10:" + "x" * 43, "é" * 50, "9" * 10_000,
    ]  # fmt: skip
    for cursor in others:
        query = QueryDict(mutable=True)
        query[name] = cursor
        page = page_of(rows, query, 3)
        assert [row.name for row in page.rows] == ["n0", "n1", "n2"], cursor
    query[name] = Order.of(rows).cursor(key)
    assert [row.name for row in page_of(rows, query, 3).rows] != ["n0", "n1", "n2"]


@pytest.mark.parametrize(
    ("number", "names"),
    [
        ("1", "n0"), ("2", "n1"), ("3", "n2"), ("4", "n8"), ("99", "n8"), ("last", "n8"), ("0", "n0"), ("-1", "n0"),
        ("x", "n0"), ("²", "n0"), ("9" * 5000, "n0"), ("9" * 9, "n8"),
    ],
)  # fmt: skip
def test_an_old_page_is_itself_as_far_as_rows_are_counted_and_the_last_behind(number, names):
    nine()
    page = page_of(ClockEntry.objects.order_by("name"), QueryDict(f"page={number}"), 1)
    assert [row.name for row in page.rows] == [names]


def test_pages_have_numbers_as_long_as_all_rows_are_counted(monkeypatch):
    nine()
    rows = ClockEntry.objects.order_by("name")
    first = page_of(rows, QueryDict("q=a&q=b&after=x"), 2)
    assert (first.numbers, first.start, first.end, first.first, first.last) == (
        [],
        1,
        2,
        "",
        "?q=a&q=b&page=last",
    )
    monkeypatch.setattr(paging, "COUNTED", 9)
    page = page_of(rows, QueryDict("q=a&page=3"), 2)
    assert page.numbers == [(number, f"?q=a&page={number}") for number in range(1, 6)]
    assert (page.start, page.end, page.previous, page.next) == (5, 6, "?q=a&page=2", "?q=a&page=4")
    assert (page.first, page.last) == ("", "")
    behind = page_of(rows, cursor_of(first.next), 2)
    assert behind.start is None
    assert len(behind.numbers) == 5


def test_rows_are_counted_up_to_a_bound_and_then_said_to_be_more(django_assert_num_queries):
    nine()
    with django_assert_num_queries(1) as asked:
        total = Total.of(ClockEntry.objects.all())
    assert "LIMIT 4" in asked.captured_queries[0]["sql"]
    counted = ngettext_lazy("%(n)s image", "%(n)s images", "n")
    assert (total.is_more, str(counted % {"n": total})) == (True, "more than 3 images")
    with translation.override("zh-hans"):
        assert str(counted % {"n": total}) == "超过3 个镜像"
    few = Total.of(ClockEntry.objects.filter(name__lt="n3"))
    assert (few.is_more, few == 3, f"{few}", str(few)) == (False, True, "3", "3")
    narrowed = Total.of(ClockEntry.objects.filter(name__lt="n3"), is_narrowed=True)
    assert (narrowed.is_more, narrowed == 2, str(narrowed)) == (True, True, "more than 2")
    assert not Total.of(ClockEntry.objects.none())


def test_what_only_the_rows_of_a_page_say_is_asked_of_them_only():
    nine()
    asked = []

    def read(rows):
        asked.append(rows)
        return rows.annotate(place=F("host"))

    page = page_of(ClockEntry.objects.order_by("name"), QueryDict(""), 3, read)
    assert [row.place for row in page.rows] == ["a", "b", "a"]
    assert [rows.count() for rows in asked] == [3]


def test_a_column_of_the_rows_themselves_is_compared_as_a_whole_so_that_an_index_serves(
    django_assert_num_queries,
):
    nine()
    first = page_of(ClockEntry.objects.order_by("-due_at", "-name"), QueryDict("x=1"), 2)
    assert set(parse_qs(first.next.lstrip("?"))) == {"x", "after"}
    with django_assert_num_queries(2) as asked:
        page_of(ClockEntry.objects.order_by("-due_at", "-name"), cursor_of(first.next), 2)
    assert '("jobs_clockentry"."due_at", "jobs_clockentry"."name") < (' in asked.captured_queries[0]["sql"]
