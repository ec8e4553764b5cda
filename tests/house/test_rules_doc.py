"""`imsconsole/docs/rules.md` names every rule, and what it names exists."""

import importlib
import re
from pathlib import Path

import pytest
from django.conf import settings

PAGE = (Path(settings.BASE_DIR) / "imsconsole" / "docs" / "rules.md").read_text()
ROWS = dict(re.findall(r"^\| (R\d+) \|[^|]+\| ([^|]+) \|$", PAGE, flags=re.MULTILINE))
NUMBERS = [f"R{number}" for number in (*range(1, 114), *range(120, 141))]
PATHS = sorted(set(re.findall(r"`((?:images|imsconsole|sharing|market)(?:\.\w+)+)`", PAGE)))


def test_every_rule_has_a_row_in_its_order():
    assert list(ROWS) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_every_row_names_a_function_or_says_why_there_is_none(number):
    assert re.search(r"`(images|imsconsole|sharing|market)\.|not yet \(\*|does not apply: ", ROWS[number])


@pytest.mark.parametrize("path", PATHS)
def test_what_a_row_names_exists(path):
    names = path.split(".")
    for length in range(len(names), 0, -1):
        try:
            thing = importlib.import_module(".".join(names[:length]))
        except ModuleNotFoundError:
            continue
        for name in names[length:]:
            thing = getattr(thing, name)
        return
    pytest.fail(f"{path} does not exist")
