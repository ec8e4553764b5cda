"""The first page of the create wizard: type and source, only what applies, by addresses alone."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse

from images.create.sources import SOURCES, kinds_context, page_url
from images.models import Image
from imsconsole.core.now import now
from tests import factories
from tests.conftest import client_of
from tests.images.create.importing import CREATE

pytestmark = pytest.mark.django_db
PAGES = [(source, image_type) for source in SOURCES for image_type in source.pages]


@pytest.mark.parametrize(("source", "image_type"), PAGES, ids=lambda each: getattr(each, "key", each))
def test_each_source_has_a_page_for_each_type_it_makes(
    people: SimpleNamespace, source: SimpleNamespace, image_type: str
):
    response = client_of(people.bob).get(page_url(image_type, source))
    assert response.status_code == 200
    assert (response.context["image_type"], response.context["source"]) == (image_type, source.key)
    page = response.content.decode()
    for tab in kinds_context(image_type, source)["source_tabs"]:
        assert tab["url"].replace("&", "&amp;") in page


def test_a_type_no_source_makes_is_not_offered():
    offered = {tab["key"] for tab in kinds_context(Image.Type.SYSTEM, SOURCES[0])["type_tabs"]}
    assert offered == {image_type for source in SOURCES for image_type in source.pages}


def test_an_iso_is_made_of_a_file_only_wherever_that_lies():
    """§2.10"""
    assert [tab["key"] for tab in kinds_context(Image.Type.ISO, SOURCES[-1])["source_tabs"]] == [
        "file",
        "object",
        "url",
    ]


@pytest.mark.parametrize("asked", ["", "full", "nonsense"])
def test_a_type_it_does_not_make_is_answered_by_its_first(people: SimpleNamespace, asked: str):
    assert client_of(people.bob).get(CREATE, {"type": asked}).context["image_type"] == "system"


def test_the_chosen_file_stays_when_the_type_changes(people: SimpleNamespace):
    upload = factories.UploadFactory(
        project=people.bob.project,
        user=people.bob.user,
        state="complete",
        found={"format": "raw"},
        expires_at=now() + timedelta(hours=1),
    )
    page = client_of(people.bob).get(CREATE, {"upload": str(upload.pk)}).content.decode()
    assert f"{reverse('images:create')}?type=data&amp;upload={upload.pk}" in page
