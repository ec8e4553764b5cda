"""Versions of a listing: who makes and changes them, and what their rows say then. With bytes: test_review."""

from functools import partial

import pytest

from images.models import Image
from images.product.rules import OFFER_FACTS
from imsconsole.audit.models import Event
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from market.listings.rules import (
    MOST_PICTURES,
    can_create_listing,
    can_create_version,
    can_edit_version,
    can_recall_version,
    can_submit_version,
    is_new_version,
)
from market.listings.services import (
    add_picture,
    create_listing,
    create_version,
    discard_version,
    edit_version,
    submit_version,
    withdraw_listing,
)
from market.models import Listing, ListingVersion, Picture, Publisher
from market.pictures import Remade
from tests import factories
from tests.market.selling import publisher, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(people) -> ListingVersion:
    """On the market."""
    return factories.ListingVersionFactory(listing__project=people.bob.project, version="1.0")


def test_who_writes_in_the_project_that_sells_makes_and_changes_versions(people, version):
    for who, code in ((people.bob, ""), (people.dave, "read-only"), (people.carol, "not-seller")):
        assert can_create_version(version.listing, who).code == code
    assert can_create_listing(publisher(people.bob), people.dave).code == "read-only"
    assert can_recall_version(version, people.carol).code == "not-seller"
    image = Image.objects.with_facts(people.bob, *OFFER_FACTS).get()
    assert can_submit_version(version, image, people.bob).code == "version-sent-in"
    for changed, code in (({"state": "suspended"}, "suspended"), ({"state": "approved"}, "")):
        Publisher.objects.update(**changed)
        version.listing.publisher.refresh_from_db()
        assert can_create_version(version.listing, people.bob).code == code
        draft = ListingVersion(listing=version.listing)
        assert can_submit_version(draft, image, people.bob).code == (code or "offered-already")
    version.listing.withdrawn_at = now()
    assert can_create_version(version.listing, people.bob).code == "listing-withdrawn"
    version.listing.withdrawn_at = None
    codes = {"in-review": "version-in-review", "published": "version-sent-in", "rejected": "", "draft": ""}
    for state, code in codes.items():
        version.state = state
        assert can_edit_version(version, people.bob).code == code


def test_only_what_can_be_offered_becomes_a_listing_or_a_new_version(people, version):
    data = factories.ImageFactory(project=people.bob.project, type="data")
    with pytest.raises(Refused, match="not-system"):
        create_listing(words(data), actor=people.bob)
    with pytest.raises(Refused, match="not-system"):
        create_version(version.listing, words(data, version="2.0"), actor=people.bob)


def test_a_new_version_of_another_name_takes_the_screenshots_over_and_is_the_only_one(people, version):
    listing, image = version.listing, factories.ImageFactory(project=people.bob.project)
    assert is_new_version("1.0", listing).code == "version-there"
    assert is_new_version("2.0", listing)
    assert is_new_version("1.0", listing, other_than=version)
    version.pictures.create(width=1, height=1, content=b"x", caption="Old shot")
    for wrong, actor, code in (("1.0", people.bob, "version-there"), ("2.0", people.dave, "read-only")):
        with pytest.raises(Refused, match=code):
            create_version(listing, words(image, version=wrong), actor=actor)
    made = create_version(listing, words(image, version="2.0"), actor=people.bob)
    assert (made.listing, made.created_by) == (listing, people.bob.user)
    assert [each.pictures.get().caption for each in (version, made)] == ["Old shot"] * 2
    other = factories.ImageFactory(project=people.bob.project)
    with pytest.raises(Refused, match="version-in-making"):
        create_version(listing, words(other, version="3.0"), actor=people.bob)


def test_what_was_sent_in_and_another_s_image_change_nothing_and_a_rejected_version_is_a_draft_again(
    people, version
):
    theirs = factories.ImageFactory(project=people.carol.project)
    data = factories.ImageFactory(project=people.bob.project, type="data")
    other = factories.ListingVersionFactory(listing=version.listing, version="0.9", state="replaced")
    shot, same = Remade(b"x", 1, 1), words(version.image)
    for call, code in (
        (lambda: edit_version(version, same, actor=people.bob), "version-sent-in"),
        (lambda: add_picture(version, shot, actor=people.bob), "version-sent-in"),
        (lambda: withdraw_listing(version.listing, reason=" ", actor=people.bob), "reason-needed"),
    ):
        with pytest.raises(Refused, match=code):
            call()
    ListingVersion.objects.filter(pk=version.pk).update(state="rejected")
    version.refresh_from_db()
    for draft, code in (
        (words(data), "not-system"),
        (words(version.image, version=other.version), "version-there"),
    ):
        with pytest.raises(Refused, match=code):
            edit_version(version, draft, actor=people.bob)
    with pytest.raises(Conflict):
        edit_version(version, words(version.image, title="B"), seen={"title": "before"}, actor=people.bob)
    for call in (create_listing, partial(edit_version, version), partial(create_version, version.listing)):
        with pytest.raises(NotFound):
            call(words(theirs), actor=people.bob)
    assert edit_version(version, same, actor=people.bob).state == "draft"
    Image.objects.filter(pk=version.image_id).update(status="frozen")
    assert edit_version(version, words(version.image, title="C"), actor=people.bob).title == "C"


def test_a_draft_has_a_few_screenshots(people, version):
    ListingVersion.objects.update(state="draft")
    shot = Remade(b"x", 1, 1)
    add_picture(version, shot, actor=people.bob)
    assert bytes(version.pictures.get().content) == b"x"
    others = [Picture(version_of=version, content=b"y", width=1, height=1) for _ in range(2, MOST_PICTURES)]
    Picture.objects.bulk_create(others)
    add_picture(version, shot, actor=people.bob)
    with pytest.raises(Refused, match="enough-pictures"):
        add_picture(version, shot, actor=people.bob)


def test_what_is_sent_in_again_has_its_old_answer_no_more(people, version):
    factories.ImageDiskFactory(image=version.image)
    ListingVersion.objects.update(state="rejected", reason="No terms.", checks={"content": {}})
    sent = submit_version(version, actor=people.bob)
    sent.refresh_from_db()
    assert (sent.state, sent.reason, sent.checks, bool(sent.submitted_at)) == ("scanning", "", {}, True)
    assert Job.objects.get().kind == "listing.scan"


def test_a_withdrawal_takes_what_is_on_the_market_and_what_was_to_come(people, version):
    listing, image = version.listing, factories.ImageFactory(project=people.bob.project)
    old = factories.ListingVersionFactory(listing=listing, version="0.9", state="replaced")
    coming = create_version(listing, words(image, version="2.0"), actor=people.bob)
    ListingVersion.objects.filter(pk=coming.pk).update(state="scanning")
    with pytest.raises(Refused, match="listing-busy"):
        withdraw_listing(listing, reason="Too old.", actor=people.bob)
    ListingVersion.objects.filter(pk=coming.pk).update(state="draft")
    withdraw_listing(listing, reason="Too old.", actor=people.bob)
    listing.refresh_from_db()
    assert (bool(listing.withdrawn_at), listing.withdrawn_because) == (True, "Too old.")
    states = dict(ListingVersion.objects.values_list("version", "state"))
    assert states == {old.version: "replaced", "1.0": "withdrawn", "2.0": "withdrawn"}
    told = Event.objects.get(action="withdrawListing", result="normal")
    assert (told.resource_name, told.sentence) == (version.title, "Too old.")


def test_a_draft_is_thrown_away_with_a_listing_that_has_nothing_else(people, version):
    first, second = factories.ImageFactory.create_batch(2, project=people.bob.project)
    discard_version(
        create_version(version.listing, words(first, version="2.0"), actor=people.bob), actor=people.bob
    )
    assert version.listing.versions.get() == version
    listing = create_listing(words(second), actor=people.bob)
    factories.PriceFactory(listing=listing)
    key, draft = listing.pk, listing.latest
    assert draft.created_by == people.bob.user
    with pytest.raises(Refused, match="not-on-market"):
        withdraw_listing(listing, reason="x", actor=people.bob)
    discard_version(draft, actor=people.bob)
    assert not Listing.objects.filter(pk=key).exists()
    told = Event.objects.filter(action="discardListingVersion").latest("pk")
    assert (told.resource_id, told.sentence) == (str(key), str(draft))
