"""Which test runs which statement of the chosen files, and what it costs; found by running each once, without a fault.

A statement says by itself that it is run (a tracer would slow down everything else threefold).
"""

import ast
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

from tests.mutants.chosen import tree_of
from tests.mutants.mutations import functions_of
from tests.mutants.replace import Functions, replace

TELL = "_statement_is_run"


@dataclass(frozen=True)
class Baseline:
    """`cpu_s` is what each test takes that passes; `tests` are those that run the statement on a line of a file."""

    cpu_s: dict[str, float]
    tests: dict[tuple[str, int], list[str]]

    def tests_of(self, path: str, line: int) -> list[str]:
        """The quickest first."""
        return sorted(self.tests.get((path, line), ()), key=lambda name: (self.cpu_s[name], name))


def measure(names: Iterable[str], passes: Callable[[str], bool], functions: Functions, to: Path) -> None:
    """Run the tests and keep in the file `to` what each takes and runs. The functions are not the same afterwards."""
    reached: set[tuple[str, int]] = set()
    for path, those in functions.items():
        _let_tell(path, those, reached)
    with to.open("w") as lines:
        for name in names:
            reached.clear()
            begun = _cpu_s()
            line = {"name": name, "passes": passes(name), "cpu_s": _cpu_s() - begun, "runs": sorted(reached)}
            lines.write(json.dumps(line) + "\n")


def _let_tell(path: str, functions: list[FunctionType], reached: set[tuple[str, int]]) -> None:
    """Put before each statement one that adds its line to `reached`."""
    tree = tree_of(path)
    for _name, function in functions_of(tree):
        for node in list(ast.walk(function)):
            for part in ("body", "orelse", "finalbody"):
                if isinstance(statements := getattr(node, part, None), list):
                    setattr(node, part, [new for each in statements for new in (_teller(each), each)])
    replace(path, ast.fix_missing_locations(tree), functions)
    for function in functions:
        function.__globals__[TELL] = partial(_add, reached, path)


def _teller(statement: ast.stmt) -> ast.stmt:
    call = ast.Call(ast.Name(TELL, ast.Load()), [ast.Constant(statement.lineno)], [])
    return ast.copy_location(ast.Expr(call), statement)


def _add(reached: set[tuple[str, int]], path: str, line: int) -> None:
    reached.add((path, line))


def _cpu_s() -> float:
    return sum(os.times()[:4])


def read(files: Iterable[Path]) -> Baseline:
    cpu_s: dict[str, float] = {}
    tests: dict[tuple[str, int], list[str]] = {}
    for test in (test for file in files for test in _tests(file)):
        if test["passes"]:
            cpu_s[test["name"]] = test["cpu_s"]
            for path, line in test["runs"]:
                tests.setdefault((path, line), []).append(test["name"])
    return Baseline(cpu_s, tests)


def failing(file: Path) -> list[str]:
    return [test["name"] for test in _tests(file) if not test["passes"]]


def _tests(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]
