"""Every sentence has its Chinese: nothing missing, nothing fuzzy, nothing left over."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PO = ROOT / "imsconsole" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def key(message: Message) -> tuple[str, str]:
    return message.context or "", str(message.id)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Every message in the code and the templates, as makemessages finds them in a copy of the tree."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "manage.py", tree)
    for part in ("imsconsole", "images", "sharing", "market", "templates", "static"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    made = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "makemessages",
            "-l",
            "zh_Hans",
            "--no-obsolete",
            "--add-location",
            "file",
        ],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return {key(message) for message in read(tree / PO.relative_to(ROOT)) if message.id}


def test_no_sentence_is_missing_or_fuzzy(wanted: set[tuple[str, str]]) -> None:
    catalog = read(PO)
    done = {
        key(message)
        for message in catalog
        if message.id
        and not message.fuzzy
        and all(message.string if isinstance(message.string, (tuple, list)) else [message.string])
    }
    assert sorted(wanted - done) == []


def test_no_sentence_is_left_over(wanted: set[tuple[str, str]]) -> None:
    assert sorted({key(message) for message in read(PO) if message.id} - wanted) == []


def test_translations_keep_their_places() -> None:
    for message in read(PO):
        assert [str(error) for error in message.check()] == [], message.id
