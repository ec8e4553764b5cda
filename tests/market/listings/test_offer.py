"""Which images can be offered on the market (§2.16, R16, R92, R93)."""

from datetime import timedelta

import pytest

from images.models import OFFERED, PUBLISHED, Image
from images.product.rules import OFFER_FACTS, can_offer
from imsconsole.core.now import now
from market.models import ListingVersion
from tests import factories

pytestmark = pytest.mark.django_db
State = ListingVersion.State


def verdict_on(image, actor):
    return can_offer(Image.objects.with_facts(actor, *OFFER_FACTS).get(pk=image.pk), actor)


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_who_may_write_in_its_project_offers_a_system_disk_image(people, name, code):
    image = factories.ImageFactory(project=people.bob.project)
    assert verdict_on(image, getattr(people, name)).code == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "full"}, "full-image"),  # R93
        ({"type": "iso"}, "not-system"),
        ({"type": "data"}, "not-system"),
        ({"status": "saving"}, "not-active"),
        ({"status": "frozen"}, "not-active"),
        ({"delete_at": now() + timedelta(days=1)}, "to-be-deleted"),
        ({"category": "public", "project": None}, "not-owner"),
    ],
)
def test_some_images_are_never_offered(people, fields, code):
    image = factories.ImageFactory(**{"project": people.bob.project, **fields})
    assert verdict_on(image, people.bob).code == code


def test_an_encrypted_image_is_not_offered(people):  # R92
    key = factories.KeyFactory(project=people.bob.project)
    image = factories.ImageFactory(project=people.bob.project, key=key)
    assert verdict_on(image, people.bob).code == "encrypted-image"


def test_an_image_is_shared_or_offered_and_offered_once(people):  # R16
    share = factories.ShareFactory(image__project=people.bob.project, owner=people.bob.project)
    assert verdict_on(share.image, people.bob).code == "shared-image"
    version = factories.ListingVersionFactory(listing__project=people.bob.project)
    assert verdict_on(version.image, people.bob).code == "offered-already"


def test_what_derives_from_another_publisher_s_market_image_is_not_offered(people):
    theirs = factories.EditionFactory(version_of__listing__project=people.carol.project).image
    ours = factories.EditionFactory(version_of__listing__project=people.alice.project).image
    for edition, code in ((theirs, "from-market"), (ours, "")):
        child = factories.ImageFactory(project=people.bob.project, parent=edition)
        grandchild = factories.ImageFactory(project=people.bob.project, parent=child)
        assert verdict_on(grandchild, people.bob).code == code


def test_images_know_the_states_in_which_they_are_offered_by_their_names() -> None:
    ended_or_not_begun = (State.DRAFT, State.REJECTED, State.REPLACED, State.WITHDRAWN)
    assert {*OFFERED} == {*State.values} - {*ended_or_not_begun}
    assert State.PUBLISHED == PUBLISHED
