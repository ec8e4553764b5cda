"""The operator's review in the administration: everything in view, and a decision."""

from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from PIL import Image as Picture

from imsconsole.core.checksums import digits_of
from market.listings.services import add_picture
from market.models import Listing, ListingVersion, Publisher
from market.pictures import screenshot
from tests import factories
from tests.market.selling import a_draft, in_review, on_the_market
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def decide(client, model, action, row, **more):
    data = {"action": action, "_selected_action": str(row.pk), **more}
    return client.post(f"/admin/market/{model}/", data, follow=True).content.decode()


@pytest.mark.slow(reason="a listing is scanned and its review drawn")
def test_the_review_shows_all_that_buyers_read_and_what_the_scan_found(people, admin):
    version = in_review(people.bob, description="# Manual\n\n<script>alert(1)</script>", version="1.7")
    out = BytesIO()
    Picture.new("RGB", (30, 20), "teal").save(out, "PNG")
    draft = a_draft(people.alice)
    add_picture(draft, screenshot(BytesIO(out.getvalue())), caption="A screen", actor=people.alice)
    page = admin.get(f"/admin/market/listingversion/{version.pk}/change/").content.decode()
    sha256 = digits_of(version.image.disks.get().checksum)
    for words in (
        "<h3>Manual</h3>",
        sha256,
        "nginx 1.26",
        "Use it as you like.",
        "support@acme.test",
        "1.7",
        "Free",
    ):
        assert words in page
    assert "alert(1)" not in page
    assert 'value="approve"' in page
    page = admin.get(f"/admin/market/listingversion/{draft.pk}/change/").content.decode()
    assert "data:image/webp;base64," in page
    assert "A screen" in page
    assert 'value="approve"' not in page


@pytest.mark.slow(reason="listings are scanned, and decided on in the administration")
def test_a_version_is_approved_or_rejected_after_a_question(people, admin):
    version = in_review(people.bob)
    assert "Let these on the market?" in decide(admin, "listingversion", "approve", version)
    assert 'name="reason"' in decide(admin, "listingversion", "reject", version)
    assert "Say why" in decide(admin, "listingversion", "reject", version, confirmed="yes", reason=" ")
    assert ListingVersion.objects.get().state == "in-review"
    decide(admin, "listingversion", "approve", version, confirmed="yes")
    run_jobs()
    version.refresh_from_db()
    assert version.state == "published"
    assert "nothing to decide about" in decide(admin, "listingversion", "reject", version)


def test_publishers_are_approved_rejected_and_suspended(people, admin):
    publisher = factories.PublisherFactory(account=people.bob.account, state="applied")
    decide(admin, "publisher", "reject", publisher, confirmed="yes", reason="Who are you?")
    assert (Publisher.objects.get().state, Publisher.objects.get().reason) == ("rejected", "Who are you?")
    decide(admin, "publisher", "approve", publisher, confirmed="yes")
    assert Publisher.objects.get().state == "approved"
    decide(admin, "publisher", "suspend", publisher, confirmed="yes", reason="Malware")
    assert Publisher.objects.get().state == "suspended"


@pytest.mark.slow(reason="a listing is published, and withdrawn in the administration")
def test_the_operator_withdraws_a_listing(people, admin, operator):
    listing = on_the_market(people.bob, operator)
    decide(admin, "listing", "withdraw", listing, confirmed="yes", reason="Malware was found.")
    assert Listing.objects.get().withdrawn_because == "Malware was found."


def test_who_may_only_look_decides_nothing(people, admin):
    version = in_review(people.bob)
    looker = factories.UserFactory(username="looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(looker)
    assert client.get(f"/admin/market/listingversion/{version.pk}/change/").status_code == 200
    decide(client, "listingversion", "approve", version, confirmed="yes")
    assert ListingVersion.objects.get().state == "in-review"
