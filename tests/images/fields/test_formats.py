"""One list of formats: what forms offer, browsers are told, and texts promise."""

from pathlib import Path

import pytest

from images.fields.formats import ENDINGS, FILE_FORMATS
from images.fields.forms import proposed_name
from images.uploads.forms import FORMATS
from images.uploads.sentences import INSPECTION
from imsconsole.engine.inspection.examine import READERS
from tests.conftest import client_of

ROOT = Path(__file__).parents[3]


def test_the_list_is_what_inspection_reads():
    assert {each.key for each in FILE_FORMATS} == {kind.removesuffix("-fixed") for kind in READERS} | {"raw"}
    assert [key for key, _label in FORMATS] == ["", *(each.key for each in FILE_FORMATS)]


@pytest.mark.parametrize("format", FILE_FORMATS, ids=lambda format: format.key)
def test_every_text_that_lists_formats_lists_them_all(format):
    texts = [str(INSPECTION["not-an-image"])]
    texts += [
        (ROOT / name).read_text()
        for name in (
            "README.md",
            "imsconsole/templates/help/en/import.md",
            "imsconsole/templates/help/zh-hans/import.md",
        )
    ]
    assert all(format.label in text for text in texts)


@pytest.mark.django_db
def test_every_ending_is_accepted_and_no_part_of_a_name(people):
    page = client_of(people.bob).get("/images/create/").content.decode()
    assert f'accept="{",".join(f".{ending}" for ending in ENDINGS)}"' in page
    assert {proposed_name(f"web.{ending}", people.bob) for ending in ENDINGS} == {"web"}
