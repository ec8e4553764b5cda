"""Pages of a list, and how many rows it has.

A page behind another begins at a row that was shown, not at a number of rows that are skipped (keyset paging): the last
of a million costs what the first does. Pages have numbers as long as all rows are counted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.core.signing import BadSignature, Signer
from django.db.models import BooleanField, F, Field, Func, Q, QuerySet, Value
from django.db.models.expressions import Col, OrderBy
from django.db.models.functions import Coalesce
from django.db.models.query import ModelIterable
from django.http import QueryDict
from django.utils.translation import gettext

from imsconsole.core.counts import CountUpTo
from imsconsole.core.query_string import PLACE

PER_PAGE = 25
COUNTED = 10_000
FEWER = 1_000  # of rows that are searched, or found through other tables
LAST = "last"
Rows = QuerySet[Any]


class Total(int):
    """How many rows there are, as far as they were counted; said in words it is the number, or “more than 10,000”."""

    is_more = False

    @classmethod
    def of(cls, rows: Rows, *, is_narrowed: bool = False, in_order: bool = False) -> "Total":
        """Counted `in_order` of the list where what finds its first pages finds these soonest.

        Sums are few, and all counted.
        """
        if _is_grouped(rows):
            return cls(rows.count())
        most = _most(rows, is_narrowed)
        return cls.up_to(most, (rows if in_order else rows.order_by()).values("pk")[: most + 1].count())

    @classmethod
    def up_to(cls, most: int, counted: int) -> "Total":
        """Of at most one more than `most` that were counted."""
        total = cls(min(counted, most))
        total.is_more = counted > most
        return total

    def __str__(self) -> str:
        number = int.__repr__(self)
        return gettext("more than %(n)s") % {"n": f"{self:,d}"} if self.is_more else number


def _most(rows: Rows, is_narrowed: bool = False) -> int:
    is_joined = sum(map(bool, rows.query.alias_refcount.values())) > 1
    return FEWER if is_narrowed or is_joined else COUNTED


@dataclass(frozen=True)
class Part:
    """One of the columns that rows are sorted by. Where it is empty (NULL), it is the largest, unless `empty_first`."""

    name: str
    field: "Field[Any, Any]"
    is_down: bool
    may_be_empty: bool
    empty_first: bool

    def turned(self) -> "Part":
        return replace(self, is_down=not self.is_down, empty_first=not self.empty_first)

    def clause(self) -> OrderBy:
        first, last = (self.empty_first, not self.empty_first) if self.may_be_empty else (False, False)
        return OrderBy(F(self.name), self.is_down, nulls_first=first or None, nulls_last=last or None)

    def value(self, value: Any) -> Value:
        return Value(value, output_field=self.field)

    def same(self, value: Any) -> Q:
        return Q((f"{self.name}__isnull", True)) if value is None else Q((self.name, self.value(value)))

    def beyond(self, value: Any) -> Q:
        """Rows that this column puts behind one with that value."""
        if value is None:
            return Q((f"{self.name}__isnull", False)) if self.empty_first else Q(pk__in=[])
        further = Q((f"{self.name}__{'lt' if self.is_down else 'gt'}", self.value(value)))
        if self.may_be_empty and not self.empty_first:
            further |= Q((f"{self.name}__isnull", True))
        return further


@dataclass(frozen=True)
class Order:
    """In which order rows stand: by one column after the other, at last by the primary key."""

    parts: tuple[Part, ...]
    model: str

    @classmethod
    def of(cls, rows: Rows) -> "Order":
        parts: list[Part] = []
        for clause in rows.query.order_by or rows.model._meta.ordering:
            parts.append(_part(rows, clause))
            if parts[-1].field.primary_key:
                break
        else:
            parts.append(_part(rows, "-pk" if parts and parts[-1].is_down else "pk"))
        return cls(tuple(parts), rows.model._meta.label)

    def turned(self) -> "Order":
        return replace(self, parts=tuple(part.turned() for part in self.parts))

    def clauses(self) -> list[OrderBy]:
        return [part.clause() for part in self.parts]

    def beyond(self, values: Sequence[Any]) -> Q | Func:
        """The rows that stand behind one with these values.

        Where all columns go the same way databases find the place in an index: they compare whole rows.
        """
        if len({part.is_down for part in self.parts}) == 1 and not any(p.may_be_empty for p in self.parts):
            there = _row(part.value(value) for part, value in zip(self.parts, values, strict=True))
            sign = " < " if self.parts[0].is_down else " > "
            return _row([_row(F(part.name) for part in self.parts), there], sign, "%(expressions)s")
        found, same = Q(pk__in=[]), Q()
        for part, value in zip(self.parts, values, strict=True):
            found |= same & part.beyond(value)
            same &= part.same(value)
        return found

    def cursor(self, values: Sequence[Any]) -> str:
        """A row's place, for an address. It is signed: only what was shown once, in this order, can be a place."""
        return self._signer().sign_object([None if value is None else str(value) for value in values])

    def read(self, cursor: str) -> list[Any] | None:
        """The place that `cursor` wrote; None when it is none, or of another order."""
        try:
            texts = self._signer().unsign_object(cursor)
            return [part.field.to_python(text) for part, text in zip(self.parts, texts, strict=True)]
        except (BadSignature, ValidationError, ValueError):
            return None

    def _signer(self) -> Signer:
        ways = (f"{part.name} {part.is_down} {part.empty_first}" for part in self.parts)
        return Signer(salt=f"{self.model}: {', '.join(ways)}")


def _part(rows: Rows, clause: Any) -> Part:
    if isinstance(clause, str):
        clause = OrderBy(F(clause.removeprefix("-")), clause.startswith("-"))
    elif isinstance(clause, F):
        clause = clause.asc()
    column = clause.expression.resolve_expression(rows.all().query)
    is_own = isinstance(column, Col) and column.alias == rows.model._meta.db_table and not column.target.null
    ends = column.source_expressions[-1] if isinstance(column, Coalesce) else None
    is_filled = isinstance(ends, Value) and ends.value is not None
    return Part(
        clause.expression.name,
        column.output_field,
        clause.descending,
        may_be_empty=not (is_own or is_filled),
        empty_first=bool(clause.nulls_first) or (clause.descending and not clause.nulls_last),
    )


def _row(values: Iterable[Any], joiner: str = ", ", template: str = "(%(expressions)s)") -> Func:
    return Func(*values, template=template, arg_joiner=joiner, output_field=BooleanField())


@dataclass
class Page:
    """A part of a list: its rows, where it is, and the query strings that lead to others; empty where there are none.

    `number` is None where rows cannot be counted, or a cursor led here. `numbers` are the pages that have one, each with
    its query string, and "…" in the place of those left out.
    """

    rows: list[Any]
    total: Total
    per_page: int
    number: int | None
    first: str
    previous: str
    next: str
    last: str
    numbers: list[tuple[int | str, str]]

    @property
    def start(self) -> int | None:
        """The number of its first row among all."""
        return (self.number - 1) * self.per_page + 1 if self.number else None

    @property
    def end(self) -> int | None:
        return self.start + len(self.rows) - 1 if self.start else None


def page_of(
    rows: Rows,
    query: QueryDict,
    per_page: int = PER_PAGE,
    read: Callable[[Rows], Rows] = lambda rows: rows,
    count: Callable[[Rows], Total] | None = None,
) -> Page:
    """The page of the rows that a query names, or the nearest: the only place where rows are split into pages.

    `read` adds to the rows of a page what only these have to be asked for; `count` counts rows that are dear to find.
    """
    pages = _Pages(rows, query, per_page, read, count)
    return pages.beside_cursor() or pages.numbered()


class _Pages:
    """The keys of a page are found first, without what its rows say besides."""

    def __init__(
        self,
        rows: Rows,
        query: QueryDict,
        per_page: int,
        read: Callable[[Rows], Rows],
        count: Callable[[Rows], Total] | None,
    ) -> None:
        self.rows, self.query, self.per_page, self.read = rows, query, per_page, read
        self.count, self.has_own_count = count or Total.of, count is not None
        self.is_grouped, self.order = _is_grouped(rows), Order.of(rows)

    def beside_cursor(self) -> Page | None:
        """What stands behind or before a row; None when no such page is asked for, or it is the first."""
        if self.is_grouped:
            return None
        for name in ("after", "before"):
            if (values := self.order.read(self.query.get(name, ""))) is None:
                continue
            order = self.order if name == "after" else self.order.turned()
            keys, total = self._counted_keys(self.rows.filter(order.beyond(values)), order)
            has_more = len(keys) > self.per_page
            keys = keys[: self.per_page]
            if name == "after":
                return self._page(keys, total, None, True, has_more) if keys else self._last(total)
            return self._page(keys[::-1], total, None, True, True) if has_more else None
        return None

    def numbered(self) -> Page:
        """By its number as far as rows are counted; the last where there is none of that number."""
        text = self.query.get("page", "")
        number = int(text) if text.isdecimal() and len(text) < 10 else 1
        if number < 2 and text != LAST:
            keys, total = self._counted_keys(self.rows, self.order)
            return self._page(keys[: self.per_page], total, 1, False, len(keys) > self.per_page)
        total = self.count(self.rows)
        if total.is_more and (text == LAST or number * self.per_page > total):
            return self._last(total)
        pages = max(1, -(-total // self.per_page))
        number = pages if text == LAST else min(number, pages)
        keys = self._slice((number - 1) * self.per_page, number * self.per_page)
        return self._page(keys, total, number, number > 1, number < pages)

    def _last(self, total: Total) -> Page:
        if not total.is_more:
            self.query = self.query.copy()
            self.query["page"] = LAST
            return self.numbered()
        keys = self._keys(self.rows, self.order.turned(), self.per_page)
        return self._page(keys[::-1], total, None, True, False)

    def _counted_keys(self, rows: Rows, order: Order) -> tuple[list[Any], Total]:
        """Of a page and one row more, and how many rows there are in all: in one query, unless counting is dear."""
        if self.is_grouped or self.has_own_count:
            keys = (
                self._slice(0, self.per_page + 1)
                if rows is self.rows
                else self._keys(rows, order, self.per_page + 1)
            )
            are_all = rows is self.rows and len(keys) <= self.per_page
            return keys, Total(len(keys)) if are_all else self.count(self.rows)
        most = _most(self.rows)
        counting = rows.annotate(counted=CountUpTo(self.rows.order_by(), most + 1))
        keys = self._keys(counting, order, self.per_page + 1, more=("counted",))
        if keys or rows is self.rows:
            return [key[:-1] for key in keys], Total.up_to(most, keys[0][-1] if keys else 0)
        return [], self.count(self.rows)

    def _slice(self, start: int, end: int) -> list[Any]:
        if self.is_grouped:
            return list(self.rows[start:end])
        return self._keys(self.rows, self.order, end, start)

    def _keys(
        self, rows: Rows, order: Order, end: int, start: int = 0, more: tuple[str, ...] = ()
    ) -> list[Any]:
        names = [*(part.name for part in order.parts), *more]
        keys = rows.prefetch_related(None).order_by(*order.clauses()).values_list("pk", *names)
        return list(keys[start:end])

    def _page(
        self, keys: list[Any], total: Total, number: int | None, has_previous: bool, has_next: bool
    ) -> Page:
        if number is None or total.is_more:
            previous = self._beside("before", keys[0]) if has_previous else ""
            next_ = self._beside("after", keys[-1]) if has_next else ""
        else:
            previous = self._to(page=number - 1) if has_previous else ""
            next_ = self._to(page=number + 1) if has_next else ""
        return Page(
            self._read(keys),
            total,
            self.per_page,
            number,
            first=self._to(page=1) if has_previous and total.is_more else "",
            previous=previous,
            next=next_,
            last=self._to(page=LAST) if has_next and total.is_more else "",
            numbers=self._numbers(number, total),
        )

    def _read(self, keys: list[Any]) -> list[Any]:
        """The rows of these keys, in their order."""
        if self.is_grouped:
            return keys
        wanted = [key[0] for key in keys]
        rows = self.read(self.rows.filter(pk__in=wanted).order_by())
        found = {row.pk: row for row in rows}
        return [found[pk] for pk in wanted if pk in found]

    def _numbers(self, number: int | None, total: Total) -> list[tuple[int | str, str]]:
        if total.is_more or total <= self.per_page:
            return []
        numbers = Paginator(range(total), self.per_page).get_elided_page_range(
            number or 1, on_each_side=2, on_ends=1
        )
        return [(each, self._to(page=each) if isinstance(each, int) else "") for each in numbers]

    def _beside(self, name: str, key: Sequence[Any]) -> str:
        return self._to(**{name: self.order.cursor(key[1:])})

    def _to(self, **place: Any) -> str:
        query = self.query.copy()
        for name in PLACE:
            query.pop(name, None)
        query.update(place)
        return f"?{query.urlencode()}"


def in_order(rows: Rows) -> Rows:
    """All rows as their pages have them."""
    return rows if _is_grouped(rows) else rows.order_by(*Order.of(rows).clauses())


def _is_grouped(rows: Rows) -> bool:
    """Whether they are sums, which have no key."""
    return not issubclass(rows._iterable_class, ModelIterable)
