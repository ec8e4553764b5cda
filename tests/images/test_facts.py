"""The facts of images: each is computed for who asks for it, and for nobody else."""

import pytest
from django.core.exceptions import FieldError
from django.template import Context, Template
from django.urls import reverse

from images.catalogue.lineage import LINEAGE_FACTS, lineage_of
from images.catalogue.views import PAGE_FACTS, TABS_FACTS, tabs_of
from images.copy.rules import COPY_FACTS, can_begin_copy, can_copy, can_copy_across
from images.delete.rules import (
    DELETE_FACTS,
    DELETE_UNASKED_FACTS,
    PURGE_FACTS,
    can_delete,
    can_delete_unasked,
    can_purge,
)
from images.export.rules import (
    EXPORT_BYTES_FACTS,
    EXPORT_FACTS,
    can_export,
    export_bytes,
)
from images.models import FACTS, Image
from images.product.rules import OFFER_FACTS, SHARE_FACTS, can_offer, can_share
from images.verify.rules import VERIFY_FACTS, can_verify
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(monkeypatch):
    """The names of the facts that are read of images, as they are."""
    names = set()

    def remembering(name):
        def get(image):
            names.add(name)
            if name in vars(image):
                return vars(image)[name]
            raise AttributeError(name)

        return property(get, lambda image, value: vars(image).update({name: value}))

    for name in FACTS:
        monkeypatch.setattr(Image, name, remembering(name), raising=False)
    return names


def known(image):
    return vars(image).keys() & FACTS.keys()


@pytest.fixture
def several(people):
    """A received image, and one's own: plain, of a whole server, in the trash."""
    project = people.bob.project
    theirs = factories.ImageFactory(project=people.carol.project)
    factories.ShareFactory(image=theirs, project=project, status="accepted")
    images = [
        factories.ImageFactory(project=project),
        factories.ImageFactory(project=project, type="full", source_kind="server"),
        factories.ImageFactory(project=project, status="trashed"),
    ]
    for image in images:
        factories.ImageDiskFactory(image=image)
    return people


# with_facts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FACTS)
def test_what_is_asked_for_is_computed_and_nothing_else(people, name):
    factories.ImageFactory(project=people.bob.project)

    images = Image.objects.with_facts(people.bob, name, name)

    assert images.query.annotations.keys() == {name}
    assert known(images.get()) == {name}


def test_facts_are_asked_for_together_and_one_after_the_other(people):
    asked = Image.objects.with_facts(people.bob, *COPY_FACTS, *VERIFY_FACTS).with_facts(
        people.bob, "is_offered"
    )

    assert asked.query.annotations.keys() == {"is_received", "has_live_job", "is_offered"}


def test_a_name_that_is_no_fact_is_an_error_and_so_is_none_at_all(people):
    with pytest.raises(FieldError, match="no such facts: servers, size"):
        Image.objects.with_facts(people.bob, "size", "is_offered", "servers")
    with pytest.raises(TypeError):
        Image.objects.with_facts(people.bob)


def test_what_was_not_asked_for_cannot_be_read_not_even_by_a_template(people):
    factories.ImageFactory(project=people.bob.project)
    image = Image.objects.with_facts(people.bob, "is_offered").get()

    assert not image.is_offered
    with pytest.raises(AttributeError, match="not asked for shares_count"):
        bool(image.shares_count)
    with pytest.raises(AttributeError, match="not asked for shares_count"):
        Template("{% if image.shares_count %}shared{% endif %}").render(Context({"image": image}))


# what the rules read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asks", "facts"),
    [
        (can_copy, COPY_FACTS),
        (can_copy_across, COPY_FACTS),
        (can_begin_copy, COPY_FACTS),
        (can_delete, DELETE_FACTS),
        (can_delete_unasked, DELETE_UNASKED_FACTS),
        (can_purge, PURGE_FACTS),
        (can_export, EXPORT_FACTS),
        (lambda image, _actor: [export_bytes(image, kind) for kind in ("raw", "vhd")], EXPORT_BYTES_FACTS),
        (can_offer, OFFER_FACTS),
        (can_share, SHARE_FACTS),
        (can_verify, VERIFY_FACTS),
        (lineage_of, LINEAGE_FACTS),
        (tabs_of, TABS_FACTS),
    ],
)
def test_a_rule_reads_what_its_room_says_and_nothing_else(several, read, asks, facts):
    for image in Image.objects.with_facts(several.bob, *FACTS):
        asks(image, several.bob)

    assert read == set(facts)


# what the pages read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found_by"),
    [
        ({}, set()),
        ({"columns": "status"}, set()),
        ({"columns": "servers_count,encryption,verified_at"}, set()),
        ({"sort": "verified_at", "columns": "status"}, set()),
        ({"encryption": "no"}, {"is_encrypted"}),
        ({"size_max": "1", "columns": "status", "sort": "stored_bytes"}, set()),
    ],
)
def test_the_list_computes_what_its_columns_and_rules_read(several, read, query, found_by):
    page = client_of(several.bob).get(reverse("images:list"), {"tab": "private", **query})

    rows = [row.record for row in page.context["table"].paginated_rows]
    assert len(rows) == 2
    assert known(rows[0]) == known(rows[1]) == read | found_by


@pytest.mark.parametrize("columns", ["type", "type,stored_bytes"])
def test_so_does_the_list_of_the_trash(several, read, columns):
    page = client_of(several.bob).get(reverse("images:list"), {"tab": "trash", "columns": columns})

    (row,) = page.context["table"].paginated_rows
    assert known(row.record) == read == {"has_live_job"}


def test_so_does_the_page_of_an_image(several, read):
    for image in Image.objects.visible_to(several.bob):
        page = client_of(several.bob).get(image.get_absolute_url())
        assert known(page.context["image"]) == set(PAGE_FACTS)

    assert read == set(PAGE_FACTS)
