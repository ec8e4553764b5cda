"""`imsconsole/docs/rules.md`: every rule, where it is enforced or why it does not apply, and the tests that prove it."""

import importlib
import re

import pytest

from tests.support.citations import PAGE, ROW, citations, cited_in, page

TEXT = PAGE.read_text()
WHERE = {number: where for number, _short, where in ROW.findall(TEXT)}
NUMBERS = [f"R{number}" for number in (*range(1, 114), *range(120, 141))]
NAMED = re.compile(r"`((?:images|imsconsole|sharing|market)(?:\.\w+)+)`")


def exists(path: str) -> bool:
    """Whether something can be imported by this dotted path."""
    names = path.split(".")
    for length in range(len(names), 0, -1):
        try:
            thing = importlib.import_module(".".join(names[:length]))
        except ModuleNotFoundError:
            continue
        for name in names[length:]:
            thing = getattr(thing, name, None)
        return thing is not None
    return False


def test_every_rule_has_a_row_in_its_order() -> None:
    assert list(WHERE) == NUMBERS


def test_every_row_says_where_its_rule_is_enforced_or_why_it_does_not_apply() -> None:
    assert [row for row in WHERE.items() if not (NAMED.search(row[1]) or "does not apply: " in row[1])] == []
    assert [path for path in NAMED.findall(TEXT) if not exists(path)] == []


@pytest.mark.slow(reason="all tests are read")
def test_every_rule_that_applies_is_cited_by_a_test() -> None:
    applying = {number for number, where in WHERE.items() if not where.startswith("does not apply: ")}
    cited = citations().keys()
    assert sorted(applying - cited) == []
    assert sorted(cited - WHERE.keys()) == [], "there is no such rule"


@pytest.mark.slow(reason="reads all tests")
def test_the_page_is_built_of_the_citations() -> None:
    assert page(TEXT) == TEXT, "write it anew: make rules"


def a_module() -> str:
    return '''"""All about R1."""
CASES = [("a", 1)]  # not read: behind it
MORE = [
    ("b", 2),  # R2
]
def helper():
    """R3"""
@pytest.mark.parametrize("n", [
    1,  # R4
])
def test_something_r5(n):
    """R6, C1."""
    assert MORE  # R7
'''


def test_what_a_citation_is() -> None:
    """Not what stands beside the tests: in a module's docstring, in a function that only helps."""
    assert set(cited_in(a_module())) == {f"R{number}" for number in (2, 4, 5, 6, 7)}
