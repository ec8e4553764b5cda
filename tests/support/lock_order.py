"""Watches in which order the product's transactions lock rows (`imsconsole.core.locks`), whatever the database.

It sees what is asked before SQL is made of it, so SQLite, which has no row locks, shows the same as PostgreSQL.
What a test begins itself (`transaction.atomic` in its own code) is no transaction of the product.
"""

import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache, wraps
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

from django.db import connections
from django.db.models import Model
from django.db.models.lookups import Exact, In
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler, SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler
from django.db.models.sql.where import AND, WhereNode
from django.db.transaction import Atomic

from imsconsole.core.locks import ORDER

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
PLACE = {kind: number for number, kind in enumerate(ORDER)}
OURS = ("imsconsole.", "images.", "market.", "sharing.")  # libraries keep to themselves
WRITERS = (SQLInsertCompiler, SQLUpdateCompiler, SQLDeleteCompiler)

complaints: list[str] = []  # what was held out of order; whoever asks empties it
services: set[Callable[..., Any]] = set()  # those that came to their end, undecorated


class _Rows(threading.local):
    """Of the open transaction: the keys it holds, by kind, and the rows it has added, which nobody else can hold.

    No keys of a kind means rows that no key tells.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.held: dict[str, set[Any]] = {}
        self.added: defaultdict[str, list[Model]] = defaultdict(list)


_rows = _Rows()


def watch() -> None:
    """From now on every statement is looked at."""
    for owner, name, look in (
        (Atomic, "__enter__", _begin),
        (SQLCompiler, "execute_sql", _select),
        (SQLUpdateCompiler, "execute_sql", _write),
        (SQLDeleteCompiler, "execute_sql", _write),
        (SQLInsertCompiler, "execute_sql", _add),
    ):
        setattr(owner, name, _first(look, getattr(owner, name)))


def held() -> frozenset[str]:
    """The kinds of which this thread's last transaction of the product has held rows."""
    return frozenset(_rows.held)


def _first(look: Callable[[Any], None], function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        look(self)
        return function(self, *args, **kwargs)

    return run


def _begin(block: Any) -> None:
    beginner = next(_our_frames(), None)
    block.is_ours = not block._from_testcase and beginner is not None and not _is_of_a_test(beginner)
    if block.is_ours and not _is_inside(block.using):
        _rows.begin()


def _is_inside(using: str | None) -> bool:
    """Whether a transaction of the product is open."""
    return any(block.is_ours for block in connections[using or "default"].atomic_blocks)


def _select(compiler: SQLCompiler) -> None:
    query = compiler.query
    if isinstance(compiler, WRITERS) or not query.select_for_update or not _is_inside(compiler.using):
        return
    kind, keys = query.model._meta.label, _keys(query)
    if len(keys) != 1 and not query.is_sliced and query.order_by[:1] != ("pk",):
        _complain(f"several of {kind} are held in no order: order_by('pk')")
    if kind in PLACE:
        _hold(kind, keys)
    elif query.model.__module__.startswith(OURS):
        _complain(f"{kind} has no place in the order")


def _write(compiler: SQLUpdateCompiler | SQLDeleteCompiler) -> None:
    kind = compiler.query.model._meta.label
    if kind in PLACE and _is_inside(compiler.using):
        _hold(kind, _keys(compiler.query))


def _add(compiler: SQLInsertCompiler) -> None:
    kind = compiler.query.model._meta.label
    _rows.added[kind] += compiler.query.objs
    if kind == "audit.Event":
        services.update(each.f_locals["function"] for each in _our_frames() if _is_of_a_service(each))


def _hold(kind: str, keys: set[Any]) -> None:
    """Note rows; those held or added before are none. Without keys they are taken for those, where there are some."""
    held, added = _rows.held, {row.pk for row in _rows.added[kind]}
    if (kind in held and not (keys and held[kind])) or (added and not keys):
        return
    if keys and not (keys := keys - added - held.get(kind, set())):
        return
    if later := [other for other in held if PLACE[other] > PLACE[kind]]:
        _complain(f"{kind} is held after {', '.join(later)}")
    elif kind in held:
        _complain(f"{kind} is held once more: all rows of a kind are locked at once")
    held.setdefault(kind, set()).update(keys)


def _keys(query: Query) -> set[Any]:
    """The keys that a query names; empty when it says otherwise which rows it is about."""
    for lookup in _conditions(query.where):
        is_key = getattr(lookup.lhs, "target", None) is query.model._meta.pk
        if (
            is_key
            and lookup.lhs.alias == query.get_initial_alias()
            and not hasattr(lookup.rhs, "resolve_expression")
        ):
            if isinstance(lookup, Exact):
                return {lookup.rhs}
            if isinstance(lookup, In):
                return set(lookup.rhs)
    return set()


def _conditions(node: WhereNode) -> Iterator[Any]:
    """What must be true of every row."""
    if node.connector == AND and not node.negated:
        for child in node.children:
            yield from _conditions(child) if isinstance(child, WhereNode) else [child]


def _complain(what: str) -> None:
    frames = reversed(list(islice(_our_frames(), 12)))
    lines = [
        f"  {Path(each.f_code.co_filename).relative_to(ROOT)}:{each.f_lineno} {each.f_code.co_name}"
        for each in frames
    ]
    complaints.append("\n".join([what, *lines]))


def _our_frames() -> Iterator[FrameType]:
    """Of the product and its tests, the innermost first."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if _is_ours(frame.f_code.co_filename):
            yield frame
        frame = frame.f_back


@cache
def _is_ours(path: str) -> bool:
    return path.startswith(f"{ROOT}/") and path != __file__ and not path.startswith(f"{ROOT}/.venv/")


def _is_of_a_service(frame: FrameType) -> bool:
    """Of what `@service` makes of a function, which comes last in a service: the function has ended."""
    return frame.f_code.co_qualname == "service.<locals>.decorate.<locals>.run"


def _is_of_a_test(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(f"{TESTS}/")
