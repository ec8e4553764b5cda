"""Every kind of job is the subject of a test in which its workers die."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.works import all_kinds

TESTS = Path(__file__).parents[1]


@pytest.mark.slow(reason="all tests are read")
def test_the_workers_of_every_kind_of_job_are_killed() -> None:
    assert {kind.__name__ for kind in all_kinds()} - set(killed()) == set()


def killed() -> Iterator[str]:
    """The names of what tests hand to `kill_at_every_step`, which asserts that the jobs are of that kind."""
    for path in TESTS.rglob("test_*.py"):
        for function in ast.parse(path.read_text()).body:
            if isinstance(function, ast.FunctionDef):
                yield from killed_in(function)


def killed_in(function: ast.FunctionDef) -> Iterator[str]:
    """By their names; those of a parametrised test stand in its decorators."""
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "kill_at_every_step":
            kind = ast.unparse(call.args[0])
            yield kind
            if kind in [argument.arg for argument in function.args.args]:
                parameters = (ast.walk(decorator) for decorator in function.decorator_list)
                yield from (node.id for nodes in parameters for node in nodes if isinstance(node, ast.Name))
