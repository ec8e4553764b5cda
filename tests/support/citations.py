"""Which tests cite which rule, and the page of the rules that is built of that.

A test cites the rule R17 in its name (`r17`), its docstring, a comment, or beside one of its cases. It then asserts the
code of the refusal, or the effect.

`python -m tests.support.citations` writes the last column of `imsconsole/docs/rules.md` anew.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "imsconsole" / "docs" / "rules.md"
CITED = re.compile(r"\bR\d+\b")
NAMED = re.compile(r"_r(\d+)(?=_|\b)")
ROW = re.compile(r"^\| (R\d+) \| ([^|]+) \| ([^|]+) \|.*$", re.MULTILINE)


@cache
def citations() -> Mapping[str, list[str]]:
    """By number, the modules with tests that cite the rule: paths below `tests`, without their ending."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in TESTS.rglob("*.py"):
        for number in cited_in(path.read_text()):
            found[number].add(path.relative_to(TESTS).with_suffix("").as_posix())
    return {number: sorted(modules) for number, modules in found.items()}


def cited_in(source: str) -> Iterator[str]:
    """The numbers that the tests of a module cite, each with its decorators and the tables of cases that it names."""
    if not (CITED.search(source) or NAMED.search(source)):
        return
    lines, tree = source.splitlines(), ast.parse(source)
    tables = {
        node.targets[0].id: node
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for test in ast.walk(tree):
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
            names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
            for node in (test, *test.decorator_list, *(tables[name] for name in names & tables.keys())):
                yield from CITED.findall("\n".join(lines[node.lineno - 1 : node.end_lineno]))
            yield from (f"R{number}" for number in NAMED.findall(test.name))


def page(text: str) -> str:
    """The page of the rules, with the tests that cite each of them now."""
    cited = citations()

    def row(match: re.Match[str]) -> str:
        number, short, where = match.groups()
        tests = ", ".join(f"`{module}`" for module in cited.get(number, ()))
        return f"| {number} | {short} | {where} | {tests} |"

    return ROW.sub(row, text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
