"""Every kind of job is the subject of a test in which its workers die."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.workers import different, ends_of_each_step, kill_at_every_step
from tests.support.works import all_kinds

TESTS = Path(__file__).parents[1]
KILL = kill_at_every_step.__name__


def test_the_workers_of_every_kind_of_job_are_killed() -> None:
    assert {kind.__name__ for kind in all_kinds()} - set(killed()) == set()


def test_workers_die_at_one_of_the_points_at_which_it_leaves_the_same() -> None:
    holds = [(f"do:write:hold:{number}", "inside") for number in range(2, 9)]
    points = [
        *[("do:write:hold:1", "between"), ("do:write:report:1", "inside"), *holds],
        *[("do:write:finished:1", "between"), ("do:tidy:hold:1", "between"), ("do:tidy:hold:2", "inside")],
        *[("do:tidy:finished:1", "between"), ("do:tidy:hold:3", "between"), ("do:tidy:fenced:1", "between")],
        ("do:tidy:settled:1", "transaction"),
    ]
    assert [name.removeprefix("do:") for name, _place in different(points)] == [
        *["write:report:1", "write:hold:2", "write:hold:8"],
        *["write:finished:1", "tidy:hold:2", "tidy:finished:1", "tidy:settled:1"],
    ]

    points.insert(3, ("do:write:fenced:1", "inside"))
    left_out = set(different(points)) - set(ends_of_each_step(different(points)))
    assert left_out == {("do:write:fenced:1", "inside"), ("do:write:hold:2", "inside")}


def killed() -> Iterator[str]:
    """The names of what tests hand to `kill_at_every_step`, which asserts that the jobs are of that kind."""
    for path in TESTS.rglob("test_*.py"):
        text = path.read_text()
        for function in ast.parse(text).body if f"{KILL}(" in text else ():
            if isinstance(function, ast.FunctionDef):
                yield from killed_in(function)


def killed_in(function: ast.FunctionDef) -> Iterator[str]:
    """By their names; those of a parametrised test stand in its decorators."""
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == KILL:
            kind = ast.unparse(call.args[0])
            yield kind
            if kind in [argument.arg for argument in function.args.args]:
                parameters = (ast.walk(decorator) for decorator in function.decorator_list)
                yield from (node.id for nodes in parameters for node in nodes if isinstance(node, ast.Name))
