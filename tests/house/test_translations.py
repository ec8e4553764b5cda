"""Every sentence has its Chinese: nothing missing, nothing fuzzy, nothing left over."""

import subprocess
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.conf import settings

LOCALE = Path(settings.BASE_DIR) / "imsconsole" / "locale"
PO = LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po"


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans")


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
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
        return {str(message.id) for message in read(PO) if message.id}
    finally:
        PO.write_bytes(kept)


def test_no_sentence_is_missing_or_fuzzy(wanted: set[str]) -> None:
    catalog = read(PO)
    done = {
        str(message.id)
        for message in catalog
        if message.id
        and not message.fuzzy
        and all(message.string if isinstance(message.string, (tuple, list)) else [message.string])
    }
    assert sorted(wanted - done) == []


def test_no_sentence_is_left_over(wanted: set[str]) -> None:
    assert sorted({str(message.id) for message in read(PO) if message.id} - wanted) == []


def test_translations_keep_their_places() -> None:
    for message in read(PO):
        assert [str(error) for error in message.check()] == [], message.id
