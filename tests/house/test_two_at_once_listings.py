"""Sellers, owners and the operator at once: the invariants hold, and whoever loses reads a sentence."""

from types import SimpleNamespace

import pytest

from images.delete.services import delete_image
from images.models import Image
from imsconsole.accounts.actor import Operator
from imsconsole.accounts.models import User
from imsconsole.jobs.models import Job
from market.listings.services import create_version, recall_version, submit_version, withdraw_listing
from market.models import Listing, ListingVersion
from market.publishers.services import apply_as_publisher
from market.review.services import approve_version, reject_version
from sharing.share.services import share_image
from tests import factories
from tests.market.selling import publisher, words
from tests.support.at_once import DONE, at_once

pytestmark = [
    pytest.mark.slow(reason="each pair meets several times"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 3


def a_version(people: SimpleNamespace, state: str = "draft") -> ListingVersion:
    publisher(people.bob)
    version = factories.ListingVersionFactory(listing__project=people.bob.project, state=state)
    factories.ImageDiskFactory(image=version.image)
    return version


def test_an_image_is_offered_or_shared_but_never_both(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        version = a_version(people)
        outcomes = at_once(
            lambda version=version: submit_version(version, actor=people.bob),
            lambda version=version: share_image(
                version.image, project=people.carol.project, actor=people.alice
            ),
        )
        assert sorted(outcomes) in ([DONE, "offered-image"], [DONE, "shared-image"])


def test_an_image_is_offered_or_deleted_but_never_both(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        version = a_version(people)
        offered, deleted = at_once(
            lambda version=version: submit_version(version, actor=people.bob),
            lambda version=version: delete_image(version.image, actor=people.alice),
        )
        assert (offered, deleted) in ((DONE, "offered-image"), ("not-found", DONE))
        assert Image.objects.get(pk=version.image_id).is_gone == (deleted == DONE)


def test_a_version_is_sent_in_once(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        version = a_version(people)
        outcomes = at_once(*[lambda version=version: submit_version(version, actor=people.bob)] * 2)
        assert sorted(outcomes) == [DONE, "version-sent-in"]
        assert Job.objects.filter(subject_id=version.pk).count() == 1


def test_what_is_in_review_ends_in_one_way(people: SimpleNamespace, operator: User) -> None:
    for _ in range(ROUNDS):
        version = a_version(people, "in-review")
        outcomes = at_once(
            lambda version=version: approve_version(version, actor=Operator(operator)),
            lambda version=version: reject_version(version, reason="No", actor=Operator(operator)),
            lambda version=version: recall_version(version, actor=people.bob),
        )
        assert sorted(outcomes) == [DONE, "not-in-review", "not-in-review"]
        published = Job.objects.filter(subject_id=version.pk).exists()
        assert (ListingVersion.objects.get(pk=version.pk).state == "approved") == published


def test_a_listing_has_one_version_in_the_making(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        listing = a_version(people, "published").listing
        drafts = [words(factories.ImageFactory(project=people.bob.project), version=f"{n}.x") for n in (2, 3)]
        outcomes = at_once(
            *[
                lambda draft=draft, listing=listing: create_version(listing, draft, actor=people.bob)
                for draft in drafts
            ]
        )
        assert sorted(outcomes) == [DONE, "version-in-making"]


def test_a_listing_is_withdrawn_once_and_gets_no_version_afterwards(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        listing = a_version(people, "published").listing
        draft = words(factories.ImageFactory(project=people.bob.project), version="2.x")
        first, second, made = at_once(
            lambda listing=listing: withdraw_listing(listing, reason="Old", actor=people.bob),
            lambda listing=listing: withdraw_listing(listing, reason="Old", actor=people.alice),
            lambda listing=listing, draft=draft: create_version(listing, draft, actor=people.bob),
        )
        assert sorted((first, second)) == [DONE, "listing-withdrawn"]
        assert made in (DONE, "listing-withdrawn")
        listing = Listing.objects.get(pk=listing.pk)
        assert (listing.in_making, listing.published) == (None, None)


def test_two_administrators_make_one_application(people: SimpleNamespace) -> None:
    typed = {"name": "Acme", "description": "", "contact": "a@acme.test"}
    outcomes = at_once(*[lambda: apply_as_publisher(**typed, actor=people.alice)] * 2)
    assert outcomes == [DONE, DONE]
    renamed = typed | {"name": "Globex"}
    other = at_once(
        lambda: apply_as_publisher(**renamed, actor=people.alice),
        lambda: apply_as_publisher(**renamed, actor=people.carol),
    )
    assert sorted(other) == [DONE, "publisher-name"]
