"""Who sees a market image, and what its publisher's private image says of itself (§2.16)."""

import pytest

from images.models import Image
from market.models import ListingVersion
from tests import factories

pytestmark = pytest.mark.django_db
State = ListingVersion.State


@pytest.fixture
def edition(people):
    return factories.EditionFactory(version_of__listing__project=people.carol.project)


def sees(actor, image):
    return Image.objects.visible_to(actor).filter(pk=image.pk).exists()


@pytest.mark.parametrize("state", State)
def test_only_what_is_published_is_seen_by_everybody(people, edition, state):
    edition.version_of.state = state
    edition.version_of.save()
    for actor in (people.alice, people.bob, people.dave, people.carol):
        assert sees(actor, edition.image) == (state == State.PUBLISHED)
        assert sees(actor, edition.version_of.image) == (actor == people.carol)


def test_who_has_a_server_of_it_goes_on_seeing_what_was_withdrawn(people, edition):
    server = factories.ServerFactory(project=people.bob.project, image=edition.image)
    edition.version_of.state = State.WITHDRAWN
    edition.version_of.save()
    assert sees(people.bob, edition.image)
    assert not sees(people.carol, edition.image)
    server.deleted_at = server.created_at
    server.save()
    assert not sees(people.bob, edition.image)


@pytest.mark.parametrize("state", State)
def test_from_its_scan_on_until_it_ends_an_image_is_offered(people, edition, state):
    edition.version_of.state = state
    edition.version_of.save()
    image = Image.objects.with_facts(people.carol, "is_offered", "is_published").get(
        pk=edition.version_of.image_id
    )
    ended = (State.DRAFT, State.REJECTED, State.REPLACED, State.WITHDRAWN)
    assert image.is_offered == (state not in ended)
    assert image.is_published == (state == State.PUBLISHED)
