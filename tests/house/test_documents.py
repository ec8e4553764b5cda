"""What is written for engineers is true: files, commands and names that the documents speak of exist."""

import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

BASE = Path(settings.BASE_DIR)
DOCUMENTS = [
    BASE / "README.md",
    BASE / "CONTRIBUTING.md",
    *sorted((BASE / "imsconsole" / "docs").rglob("*.md")),
]
NOT_OUR_FILES = {
    "add-an-action.md",
    "conventions.md",
    "rules.md",
}  # an example, other people's code, tests by their names
FILE = re.compile(r"\b((?:images|imsconsole|market|sharing|tests)/[\w./-]*\w/?)")
LINK = re.compile(r"\]\(([^)#:]+)\)")
COMMAND = re.compile(r"(?:^|`)make ([a-z][a-z-]+)", flags=re.MULTILINE)
TARGET = re.compile(r"^([\w-]+):.*", flags=re.MULTILINE)
NAME = re.compile(
    r"`((?:imsconsole|images|sharing|market|core|engine|accounts|audit|jobs|notifications|cloud)(?:\.[a-z_]\w*)+)`"
)
WITHIN = (
    "core",
    "engine",
    "accounts",
    "audit",
    "jobs",
    "notifications",
    "cloud",
)  # of `imsconsole`, by their own names
IMPORT = re.compile(
    r"\bfrom ((?:images|imsconsole|market|sharing)[\w.]*) import (\w+(?: as \w+)?(?:, \w+(?: as \w+)?)*)"
)
ROW = re.compile(r"^\| (\S[^|]*) \| [^|]+ \| `([\w.:-]+)` \|$", flags=re.MULTILINE)


def test_files_and_commands_that_are_named_exist() -> None:
    targets = set(TARGET.findall((BASE / "Makefile").read_text()))
    wrong = []
    for document in DOCUMENTS:
        text = document.read_text()
        files = (
            set()
            if document.name in NOT_OUR_FILES
            else {name for name in FILE.findall(text) if not (BASE / name).exists()}
        )
        links = {name for name in LINK.findall(text) if not (document.parent / name).exists()}
        wrong += [f"{document.name}: {name}" for name in files | links | set(COMMAND.findall(text)) - targets]
    assert wrong == []


def test_modules_and_functions_that_are_named_exist() -> None:
    """In the documents, and in what the code says of itself."""
    code = (
        path
        for app in ("imsconsole", "images", "sharing", "market", "tests")
        for path in (BASE / app).rglob("*.py")
    )
    wrong = [
        f"{path.relative_to(BASE)}: {name}"
        for path in (*DOCUMENTS, *code)
        for name in NAME.findall(path.read_text())
        if not name.endswith(".py")
        and not is_there(f"imsconsole.{name}" if name.partition(".")[0] in WITHIN else name)
    ]
    assert wrong == []


def test_what_is_imported_in_strings_exists() -> None:
    """Python that tests hand to another process, or that a document shows."""
    files = (*DOCUMENTS, *(BASE / "tests").rglob("*.py"))
    wrong = [
        f"{path.relative_to(BASE)}: {module} {name}"
        for path in files
        for module, names in IMPORT.findall(path.read_text())
        for name in names.split(", ")
        if not is_there(f"{module}.{name.split(' as ')[0].strip()}")
    ]
    assert wrong == []


def test_make_helps_with_every_target_and_takes_none_for_a_file() -> None:
    text = (BASE / "Makefile").read_text().replace("\\\n", " ")
    phony = set(re.findall(r"^\.PHONY:(.*)", text, flags=re.MULTILINE)[0].split())
    assert phony == set(TARGET.findall(text))
    told = {
        line.split()[0]
        for line in subprocess.check_output(
            ["make", "--no-print-directory", "help"], cwd=BASE, text=True
        ).splitlines()
    }
    assert told == phony - {"packages", "test-packages", "cloud-packages", "deploy-packages"}


def test_every_name_in_the_glossary_exists_and_its_chinese_is_what_people_read() -> None:
    rows = ROW.findall((BASE / "imsconsole" / "docs" / "glossary.md").read_text())
    catalogue = (BASE / "imsconsole/locale/zh_Hans/LC_MESSAGES/django.po").read_text()
    said = "\n".join(re.findall(r'^msgstr.*(?:\n".*")*', catalogue, flags=re.MULTILINE))
    addresses = set(names_of(get_resolver()))
    assert len(rows) > 50
    there = [chinese in said and (name in addresses or is_there(name)) for chinese, name in rows]
    assert [row for row, found in zip(rows, there, strict=True) if not found] == []


def names_of(resolver: URLResolver, within: str = "") -> list[str]:
    """The names of all addresses, with their namespaces."""
    names: list[str] = []
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            names += [f"{within}{each.name}"] if each.name else []
        else:
            names += names_of(each, f"{within}{each.namespace}:" if each.namespace else within)
    return names


def is_there(path: str) -> bool:
    """Whether a dotted path leads to a module, something in it, or a field of a model."""
    names = path.split(".")
    thing: Any = None
    for number, name in enumerate(names):
        try:
            thing = importlib.import_module(".".join(names[: number + 1]))
        except ModuleNotFoundError:
            try:
                thing = getattr(thing, name)
            except AttributeError:
                return False
    return True
