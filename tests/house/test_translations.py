"""Every sentence has its Chinese: nothing missing, nothing fuzzy, nothing left over."""

import subprocess
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings

LOCALE = Path(settings.BASE_DIR) / "imsconsole" / "locale"
# makemessages writes into the tree: one process at a time
pytestmark = pytest.mark.xdist_group("translations")
PO = LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po"


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def key(message: Message) -> tuple[str, str]:
    return message.context or "", str(message.id)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Every message in the code and the templates, as makemessages finds them."""
    kept = PO.read_bytes()
    try:
        subprocess.run(
            [
                settings.BASE_DIR / ".venv/bin/python",
                "manage.py",
                "makemessages",
                "-l",
                "zh_Hans",
                "--no-obsolete",
                "--add-location",
                "file",
                "-i",
                ".venv",
                "-i",
                ".data",
                "-i",
                "tests",
                "-v0",
            ],
            cwd=settings.BASE_DIR,
            check=True,
            capture_output=True,
        )
        return {key(message) for message in read(PO) if message.id}
    finally:
        PO.write_bytes(kept)


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
