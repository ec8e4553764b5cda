"""How the database would go about statements if there were many rows: which tables it reads from end to end.

with scans("images_image") as found:
    client.get("/")
assert found == []
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE")
Plan = dict[str, Any]


@contextmanager
def scans(table: str) -> Iterator[list[str]]:
    """The statements of the block that read all rows of a table, or all of an index of it.

    With what they trigger on SQLite; PostgreSQL does not say what that does.
    """
    with _found(lambda sql, params: _scans(table, sql, params)) as found:
        yield found


@contextmanager
def sorts(table: str) -> Iterator[list[str]]:
    """The statements of the block that ask for rows of a table and sort all of them, however few they give."""
    with _found(lambda sql, params: f' FROM "{table}"' in sql and _sorts(sql, params)) as found:
        yield found


@contextmanager
def _found(is_so: Callable[[str, Any], bool]) -> Iterator[list[str]]:
    found: list[str] = []

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("(").startswith(EXPLAINED) and is_so(sql, params):
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield found


def _sorts(sql: str, params: Any) -> bool:
    connection.ensure_connection()
    ask = connection.connection.cursor().execute
    if connection.vendor == "sqlite":
        plan = ask(f"EXPLAIN QUERY PLAN {sql.replace('%s', '?')}", params or ())
        return any("TEMP B-TREE FOR ORDER BY" in step[3] for step in plan)
    return any(node["Node Type"] == "Sort" for node in _nodes(_plan(sql, params)))


def _scans(table: str, sql: str, params: Any) -> bool:
    """Asked by the driver's cursor, which is not looked at."""
    connection.ensure_connection()
    ask = connection.connection.cursor().execute
    if connection.vendor == "sqlite":
        stored = "SELECT rootpage FROM sqlite_master WHERE tbl_name = ? AND rootpage > 0"
        roots = {root for (root,) in ask(stored, [table])}
        return _rewinds(ask(f"EXPLAIN {sql.replace('%s', '?')}", params or ()), roots)
    return any(_is_scan(node, table) for node in _nodes(_plan(sql, params)))


def _plan(sql: str, params: Any) -> Plan:
    """PostgreSQL's, if there were more: a table that is small is soon read, or hashed, and so is the part of its index that is merged with a few rows."""
    ask = connection.connection.cursor().execute
    ask("SET enable_seqscan = off; SET enable_mergejoin = off; SET enable_hashjoin = off")
    (plan,) = ask(f"EXPLAIN (FORMAT JSON) {sql}", params).fetchone()[0]
    ask("RESET enable_seqscan; RESET enable_mergejoin; RESET enable_hashjoin")
    found: Plan = plan["Plan"]
    return found


def _rewinds(steps: Iterable[tuple[Any, ...]], roots: set[int]) -> bool:
    """Whether SQLite goes to the beginning or the end of one of these, as a loop over all of it does.

    Its steps say by a number what they work on, which the last step that opened something has given to that.
    """
    opened: dict[int, int] = {}
    for _address, name, number, root, *_ in steps:
        if name.startswith("Open"):
            opened[number] = root if name in ("OpenRead", "OpenWrite") else 0
        elif name in ("Rewind", "Last") and opened.get(number) in roots:
            return True
    return False


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _is_scan(node: Plan, table: str) -> bool:
    """Without a condition on an index; a heap that a bitmap leads to has its own below it."""
    kind = node["Node Type"]
    reads = kind.endswith("Scan") and not kind.startswith("Bitmap Heap")
    return reads and node.get("Relation Name") == table and "Index Cond" not in node
