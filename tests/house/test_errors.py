"""Every error the product raises has a sentence, and brings every value that is in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from imsconsole.core.errors import ImsError
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import SENTENCES

ROOT = Path(settings.BASE_DIR)
ROOMS = ("imsconsole", "images", "sharing", "market")
PLACE = re.compile(r"%\((\w+)\)s")


def kinds_of_error(base: type[ImsError] = ImsError) -> Iterator[type[ImsError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds_of_error(kind)


def raised() -> Iterator[Any]:
    """Where an error with a known code is made: the code, and the names of its values (None: not to be told)."""
    kinds = {kind.__name__: kind for kind in kinds_of_error() if kind is not Refused}
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if code := _code(node, kinds):
                names = [keyword.arg for keyword in node.keywords]
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield pytest.param(code, None if None in names else set(names), id=where)


def _code(node: ast.AST, kinds: dict[str, type[ImsError]]) -> str:
    """The code of the error that is made here; empty when none is, or one that only turns out later."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds):
        return ""
    if not node.args:
        return kinds[node.func.id].default_code
    return str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else ""


RAISED = list(raised())


def test_the_tree_is_searched() -> None:
    assert len(RAISED) > 100


@pytest.mark.parametrize(("code", "names"), RAISED)
def test_what_is_raised_has_a_sentence_for_which_it_brings_every_value(
    code: str, names: set[str] | None
) -> None:
    assert code in SENTENCES
    if names is not None:
        assert set(PLACE.findall(str(SENTENCES[code]))) <= names
