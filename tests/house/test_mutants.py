"""`make mutants`: which files it looks at, what it puts into them, and that this is what runs then."""

import ast
import gc
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.baseline import measure, read
from tests.mutants.chosen import all_mutants, chosen_files, room
from tests.mutants.mutations import faults
from tests.mutants.replace import functions_by_path, replace


def made_of(source: str, answer: str = "bool", **namespace: object) -> list[str]:
    """What is said of each fault of a function's body; `answer` is what it is annotated to return."""
    body = "\n".join(f"    {line}" for line in inspect.cleandoc(source).splitlines())
    return [fault.what for fault in faults(ast.parse(f"def f(a, b) -> {answer}:\n{body}"), namespace)]


def test_files_are_chosen_by_the_names_of_their_drawers():
    files = chosen_files()
    assert any("/rules" in file for file in files)
    assert any("/services" in file for file in files)
    assert not any(name in file for file in files for name in ("migrations/", "views/", "templatetags/"))


def test_a_room_is_called_by_its_path_without_the_drawer():
    assert room("images/copy/rules.py") == "images/copy"
    assert room("imsconsole/accounts/services/users.py") == "imsconsole/accounts/users"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("if a: pass", ["a → True", "a → False"]),
        ("x = a and b.c", ["a and b.c → b.c", "a and b.c → a"]),
        ("x = a < 2", ["a < 2 → a <= 2", "2 → 3"]),
        ("x = a not in (B, C)", [
            "a not in (B, C) → a in (B, C)", "a not in (B, C) → a not in (C,)", "a not in (B, C) → a not in (B,)"
        ]),
        ("x = not a", ["not a → a"]),
        ("x = max(a, b)", ["max(a, b) → min(a, b)"]),
        ("a.stop()", ["a.stop() → pass"]),
        ("a.name, n = b, a", ["a.name, n = (b, a) → n, = (a,)"]),
        ("x = S(boot_mode=a)", ["S(boot_mode=a) → S()"]),
        ("x = T.objects.visible_to(a).get()", ["T.objects.visible_to(a) → T.objects"]),
        ("x = [c for c in a if c]", ["for c in a if c → for c in a"]),
        ("a.save(update_fields=['x', 'y'])", [
            "a.save(update_fields=['x', 'y']) → pass",
            "update_fields=['x', 'y'] → update_fields=['y']",
            "update_fields=['x', 'y'] → update_fields=['x']",
        ]),
        ("return a.exists()", ["return a.exists() → return True", "return a.exists() → return False"]),
    ],
)  # fmt: skip
def test_what_is_left_out_or_turned_round(source: str, what: list[str]):
    assert made_of(source) == what


@pytest.mark.parametrize(
    "source",
    [
        '"""Says 1."""',
        'x = _("%(n)s of 5") % {"n": a + 1}',
        'raise NotFound("gone", limit=5)',
        'return refuse("too-many", _("Not more than 5."), way=a and b)',
        "locked(T.objects.all(), a)",
        "x = T.objects.select_related(1)",
        "logger.warning(5)",
    ],
)
def test_sentences_errors_logs_and_locks_are_left_alone(source: str):
    assert made_of(source, answer="Verdict", ALLOWED=None) == []


def test_no_argument_is_left_out_that_a_call_needs():
    def asked(*, a: int, b: int = 1) -> None: ...

    def all_of(*numbers: int) -> None: ...

    names = {"asked": asked, "all_of": all_of}
    assert made_of("x = asked(a=a, b=b)", **names) == ["asked(a=a, b=b) → asked(a=a)"]
    assert made_of("x = all_of(a, b)", **names) == [
        "all_of(a, b) → all_of(b)", "all_of(a, b) → all_of(a)"
    ]  # fmt: skip


def test_the_order_depends_on_the_seed_alone():
    first, again, other = (all_mutants(seed, only="sharing") for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert set(first) == set(other)


DECORATED = """
import functools

def service(function):
    @functools.wraps(function)
    def run(*args):
        return ["traced", function(*args)]
    return run

@service
def stop(a):
    if a > 1:
        return "stopped"
    return "too small"
"""


def test_a_decorated_function_runs_with_its_fault_and_its_tests_are_known(tmp_path: Path):
    file = tmp_path / "services.py"
    file.write_text(DECORATED)
    spec = importlib.util.spec_from_file_location("services", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    gc.freeze()  # as tests/conftest.py does before the first test
    stop, functions = module.stop, functions_by_path([str(file)])
    gc.freeze()

    tests = {
        "small": lambda: stop(1) == ["traced", "too small"],
        "large": lambda: stop(2) == ["traced", "stopped"],
    }
    measure(tests, lambda name: tests[name](), functions, tmp_path / "baseline")
    found = read([tmp_path / "baseline"])
    assert sorted(found.tests_of(str(file), 12)) == ["large", "small"]
    assert found.tests_of(str(file), 13) == ["large"]

    tree = ast.parse(DECORATED)
    (fault,) = [each for each in faults(tree, vars(module)) if each.what == "a > 1 → a >= 1"]
    fault.put()
    replace(str(file), tree, functions[str(file)], only="stop")
    assert stop(1) == ["traced", "stopped"]


@pytest.mark.slow(reason="a process loads the console and tries two mutants")
def test_what_one_test_notices_of_a_service_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)  # who imports imsconsole.wsgi has set it
    asked = ["--lanes", "1", "--only", "verify/services"]
    test = "tests/images/verify/test_verify.py::test_good_bytes_get_their_badge"
    said = subprocess.run(
        [sys.executable, "-m", "tests.mutants", *asked, test], capture_output=True, text=True
    )
    assert [line.split() for line in said.stdout.splitlines()[1:3]] == [
        ["1", "2", "50", "(all)"],
        ["1", "2", "50", "images/verify"],
    ], said.stderr
    assert "can_verify(image, actor).require() → pass" in said.stdout
