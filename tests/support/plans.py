"""How the database would go about queries if there were many rows: which tables it reads from end to end.

with scans("images_image") as found:
    client.get("/")
assert found == []
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

Plan = dict[str, Any]


@contextmanager
def scans(table: str) -> Iterator[list[str]]:
    """The queries of the block that read all rows of a table, or all of an index of it."""
    found: list[str] = []

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("(").startswith("SELECT") and table in sql and _scans(table, sql, params):
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield found


def _scans(table: str, sql: str, params: Any) -> bool:
    """Asked by the driver's cursor, which is not looked at."""
    connection.ensure_connection()
    ask = connection.connection.cursor().execute
    if connection.vendor == "sqlite":
        roots = {root for (root,) in ask("SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", [table])}
        code = [step[1:4] for step in ask(f"EXPLAIN {sql.replace('%s', '?')}", params or ())]
        cursors = {cursor for name, cursor, root in code if name == "OpenRead" and root in roots}
        return any(name in ("Rewind", "Last") and cursor in cursors for name, cursor, _ in code)
    ask("SET enable_seqscan = off")
    (plan,) = ask(f"EXPLAIN (FORMAT JSON) {sql}", params).fetchone()[0]
    ask("RESET enable_seqscan")
    return any(_is_scan(node, table) for node in _nodes(plan["Plan"]))


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _is_scan(node: Plan, table: str) -> bool:
    """Without a condition on an index; a heap that a bitmap leads to has its own below it."""
    if node.get("Relation Name") != table or node["Node Type"].startswith("Bitmap"):
        return False
    return "Index Cond" not in node
