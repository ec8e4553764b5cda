"""Part of a name or of an ID, in whatever script, however short; what means something in SQL means itself."""

import pytest
from django.db import connection

from images.models import Image
from images.selection.tabs import PRIVATE, of_kind
from imsconsole.core.matching import matching
from tests import factories
from tests.support.plans import scans

NAMES = (
    "web-server", "WEB.01", "a_b", "axb", "100%", "100x", "数据库镜像", "网", "Straße", "STRASSE 2", "o'brien", 'say "x"',
    "back\\slash", "db 数据", "q", "ab", "naïve é",
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(people) -> None:
    for name in NAMES:
        factories.ImageFactory(project=people.bob.project, name=name)


def found(text: str) -> set[str]:
    return set(Image.objects.filter(matching(text)).values_list("name", flat=True))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("web", {"web-server", "WEB.01"}),
        ("EB-S", {"web-server"}),
        ("b.0", {"WEB.01"}),
        ("eB", {"web-server", "WEB.01"}),
        ("q", {"q"}),
        ("ab", {"ab"}),
        ("_", {"a_b"}),
        ("a_b", {"a_b"}),
        ("%", {"100%"}),
        ("00%", {"100%"}),
        ("%%", set()),
        ("网", {"网"}),
        ("数据", {"数据库镜像", "db 数据"}),
        ("据库镜", {"数据库镜像"}),
        ("库镜像", {"数据库镜像"}),
        ("数像", set()),
        ("b 数", {"db 数据"}),
        ("ß", {"Straße"}),
        ("aße", {"Straße"}),
        ("é", {"naïve é"}),
        ("'", {"o'brien"}),
        ('"x"', {'say "x"'}),
        ("\\", {"back\\slash"}),
        ("k\\s", {"back\\slash"}),
        ("); DROP TABLE images_image; --", set()),
        ("😀", set()),
        ("İ", set()),
    ],
)
def test_a_part_of_a_name_is_found(images, text, names):
    assert found(text) == names


def test_words_that_are_no_part_of_a_name_are_not_found_though_their_characters_are(images):
    assert found("据数") == found("rW") == found("ssß") == set()


@pytest.mark.parametrize("part", [slice(None), slice(8), slice(4), slice(-4, None), slice(10, 20)])
def test_a_part_of_an_id_is_found(images, part):
    image = Image.objects.get(name="web-server")
    # SQLite has it without dashes
    text = image.pk.hex[part] if connection.vendor == "sqlite" else str(image.pk)[part]
    assert "web-server" in found(text)
    assert "web-server" in found(text.upper())


@pytest.mark.parametrize("text", ["nginx", "ng", "n", "数据库", "网", "beef"])
def test_an_index_finds_it(images, people, text):
    """On SQLite that of the project's names is read."""
    rows = Image.objects.all() if connection.vendor == "postgresql" else of_kind(PRIVATE, people.bob)
    with scans("images_image") as read:
        list(rows.filter(matching(text)).order_by().values_list("pk"))
    assert read == []
