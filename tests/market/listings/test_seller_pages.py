"""The seller's pages: from an image's button to the market, for everybody who may and nobody else."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image as Picture

from imsconsole.accounts.actor import Operator
from imsconsole.core.project_urls import bare
from imsconsole.jobs.models import Job
from market.listings.services import submit_version
from market.models import Listing, ListingVersion, Price
from market.prices.lookup import price_of_listing
from market.review.services import approve_version
from tests import factories
from tests.conftest import client_of
from tests.market.selling import a_draft, in_review, on_the_market, publisher
from tests.support.forms import shown_in
from tests.support.wizards import gone_through
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db
CREATE = "/market/listings/create/"


def typed(image, **fields):
    return {
        "image": image.pk, "version": "1.0", "title": "Web server", "summary": "Ready to serve", "category": "web",
        "software": "nginx 1.26\nOpenSSL\nApache HTTP Server 2.4", "support": "support@acme.test",
        "terms": "As you like", "regions": [image.region_id], "unit": "free",
    } | fields  # fmt: skip


def at(name, listing, *args):
    return reverse(f"market:{name}", args=[listing.pk, *args])


def text(response):
    return response.content.decode()


@pytest.mark.slow(reason="a wizard leads to a draft of a listing")
def test_from_the_button_of_an_image_to_a_draft_with_a_price(people):
    publisher(people.bob)
    image = factories.ImageFactory(project=people.bob.project, name="my-image")
    client = client_of(people.bob)
    assert f"{CREATE}?image={image.pk.hex}" in text(client.get(image.get_absolute_url()))
    page = client.get(f"{CREATE}?image={image.pk.hex}")
    assert page.context["form"]["image"].value() == image.pk

    priced = {"unit": "hour", "amount": "0.36", "per_vcpu": "on", "trial_days": "7"}
    answer = gone_through(client, CREATE, typed(image, **priced))
    listing = Listing.objects.get()
    assert bare(answer["Location"]) == at("edit-listing", listing)
    version = listing.latest
    assert [str(each) for each in version.software.all()] == [
        "nginx 1.26",
        "OpenSSL",
        "Apache HTTP Server 2.4",
    ]
    price = Price.objects.get()
    assert (price.unit, float(price.amount.amount), price.per_vcpu, price.trial_days) == (
        "hour",
        0.36,
        True,
        7,
    )
    for who in ("alice", "bob", "dave"):
        shown = text(client_of(getattr(people, who)).get(at("listing", listing)))
        assert "Web server" in shown
        assert "0.36" in shown


def test_without_a_publisher_the_page_leads_to_the_application(people):
    page = text(client_of(people.bob).get(CREATE))
    assert reverse("market:own-publisher") in page
    image = factories.ImageFactory(project=people.bob.project)
    assert client_of(people.bob).post(CREATE, typed(image)).status_code == 409


def test_what_is_wrong_is_said_and_only_fitting_images_are_chosen_from(people):
    publisher(people.bob)
    fitting = factories.ImageFactory(project=people.bob.project)
    factories.ImageFactory(project=people.bob.project, type="data")
    factories.ImageFactory(project=people.carol.project)
    factories.ShareFactory(image__project=people.bob.project, owner=people.bob.project)
    factories.ListingVersionFactory(listing__project=people.bob.project)
    client = client_of(people.bob)
    picks = client.get(CREATE).context["form"]["image"].picks
    assert [pick.thing for pick in picks if pick.verdict] == [fitting]
    assert {pick.verdict.code for pick in picks} == {"", "shared-image", "offered-already"}
    answer = client.post(CREATE, typed(fitting, title="", regions=[], unit="hour"))
    assert answer.status_code == 422
    assert {"title", "regions"} <= set(answer.context["form"].errors)
    assert "amount" in answer.context["price_form"].errors
    assert not Listing.objects.filter(versions__image=fitting).exists()


def test_screenshots_are_added_and_removed(people):
    listing = a_draft(people.bob, factories.ImageFactory(project=people.bob.project)).listing
    out = BytesIO()
    Picture.new("RGB", (300, 200), "teal").save(out, "PNG")
    client = client_of(people.bob)
    file = SimpleUploadedFile("shot.png", out.getvalue())
    client.post(at("add-picture", listing), {"picture": file, "caption": "The start page"})
    picture = listing.latest.pictures.get()
    assert "The start page" in text(client.get(at("edit-listing", listing)))
    assert client_of(people.carol).post(at("remove-picture", listing, picture.pk)).status_code == 404
    assert client_of(people.dave).post(at("remove-picture", listing, picture.pk)).status_code == 409
    broken = SimpleUploadedFile("shot.png", b"nothing")
    page = client.post(at("add-picture", listing), {"picture": broken}, follow=True)
    assert "no picture that can be read" in text(page)
    client.post(at("remove-picture", listing, picture.pk))
    assert not listing.latest.pictures.exists()


@pytest.mark.slow(reason="a draft of a listing is sent in and taken back by its pages")
def test_sent_in_taken_back_and_thrown_away_by_its_buttons(people):
    version = in_review(people.bob)
    listing, client = version.listing, client_of(people.bob)
    page = text(client.get(at("listing", listing)))
    assert "SHA-256" in page
    client.post(at("recall", listing))
    assert ListingVersion.objects.get().state == "draft"
    client.post(at("submit", listing))
    assert ListingVersion.objects.get().state == "scanning"
    assert "Scan a listing" in text(client.get(at("listing", listing)))
    assert client.post(at("discard", listing)).status_code == 409
    ListingVersion.objects.update(state="draft")
    assert bare(client.post(at("discard", listing))["Location"]) == reverse("market:listings")
    assert not Listing.objects.exists()


@pytest.mark.slow(reason="a listing with pictures is published and begun anew")
def test_a_new_version_begins_with_the_words_of_the_one_before_and_keeps_its_screenshots(people, operator):
    listing = on_the_market(people.bob, operator)
    listing.published.pictures.create(width=1, height=1, content=b"x", caption="Old shot")
    client = client_of(people.bob)
    form = client.get(at("create-version", listing)).context["form"]
    assert (form["title"].value(), form["version"].value()) == ("Web server", "")
    image = factories.ImageFactory(project=people.bob.project)
    assert client.post(at("create-version", listing), typed(image)).status_code == 422  # 1.0 again
    client.post(at("create-version", listing), typed(image, version="2.0", title="Better"))
    made = Listing.objects.get().in_making
    assert (made.version, made.title, made.pictures.get().caption) == ("2.0", "Better", "Old shot")
    assert client.get(at("edit-listing", listing)).context["price_form"] is None
    assert listing.published.pictures.count() == 1


@pytest.mark.slow(reason="a listing is published, priced anew and withdrawn by its pages")
def test_a_listing_gets_another_price_and_is_withdrawn_with_a_reason(people, operator):
    listing = on_the_market(people.bob, operator)
    client = client_of(people.bob)
    client.post(at("set-price", listing), {"unit": "month", "amount": "9.90"})
    assert "9.9" in text(client.get(at("listing", listing)))
    assert client.post(at("withdraw", listing), {"reason": ""}).status_code == 422
    client.post(at("withdraw", listing), {"reason": "No more support."})
    assert "No more support." in text(client.get(at("listing", listing)))


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_list_costs_the_same_with_many_listings(people):
    client = client_of(people.bob)

    def cost():
        client.get(reverse("market:listings"))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("market:listings"), {"per_page": 100}).status_code == 200
        return len(captured)

    factories.ListingVersionFactory(listing__project=people.bob.project)
    few = cost()
    for state in (*ListingVersion.State.values,) * 4:
        factories.ListingVersionFactory(listing__project=people.bob.project, state=state)
    assert cost() == few


@pytest.mark.slow(reason="two pages of a draft are filled in and sent")
def test_a_draft_that_two_edit_at_once_loses_nothing_of_either(people):
    """As of an image (tests/images/modify/test_modify.py): both values are shown, and each is decided on."""
    image = factories.ImageFactory(project=people.bob.project)
    here, far = image.region, factories.RegionFactory(code="cn-east-3")
    version = a_draft(people.bob, image, terms="First line\nsecond line\n", regions=[here])
    page = at("edit-listing", version.listing)
    bob, alice = client_of(people.bob), client_of(people.alice)
    as_it_was = shown_in(bob.get(page), "version")
    assert bob.post(page, as_it_was).status_code == 302  # what a browser does to line ends is no change
    theirs = {"title": "Alice's", "software": "redis 7", "regions": [here.pk, far.pk], "unit": "hour"}
    alice.post(page, as_it_was | theirs | {"amount": "0.5"})

    mine = as_it_was | {"title": "Bob's", "summary": "Of Bob", "unit": "month", "amount": "9"}
    answer = bob.post(page, mine)
    assert answer.status_code == 409
    assert "changed in the meantime" in text(answer)
    assert "The last change was made by alice" in text(answer)
    assert {each.name: (each.theirs, each.mine) for each in answer.context["differences"]} == {
        "title": ("Alice's", "Bob's"),
        "software": ("redis 7", ""),
        "regions": (f"{here}, {far}", ""),
        "unit": ("per hour", "per month"),
        "amount": ("0.5000", "9"),
    }
    assert ListingVersion.objects.get().title == "Alice's"
    again = shown_in(answer, "version")
    assert bob.post(page, {**again, "take": ["unit", "amount"]}).status_code == 302
    version.refresh_from_db()
    assert (version.title, version.summary, version.regions.count()) == ("Bob's", "Of Bob", 2)
    assert [str(each) for each in version.software.all()] == ["redis 7"]
    assert str(price_of_listing(version.listing)) == "CN¥0.50 per hour"


@pytest.mark.slow(reason="a listing's image is scanned and its page asked for meanwhile")
def test_the_page_asks_again_while_a_job_works_on_it_and_brings_what_changed(people, operator):
    version = submit_version(a_draft(people.bob), actor=people.bob)
    page, client = at("listing", version.listing), client_of(people.bob)
    assert f'{page}" hx-trigger="every 2s"' in text(client.get(page))
    run_jobs()
    told = text(client.get(page, headers={"HX-Request": "true"}))
    assert told.count("<html") == 0
    assert 'id="thing-actions" hx-swap-oob="true"' in told
    assert reverse("market:recall", args=[version.listing_id]) in told
    assert "every 2s" not in told

    approve_version(version, actor=Operator(operator))
    assert "every 2s" in text(client.get(page))
    Job.objects.live().update(state=Job.State.FAILED, error_code="no-space")
    ListingVersion.objects.update(state="in-review")
    page_of_bob = text(client.get(page))
    assert "The disk of the service is full" in page_of_bob
    assert "every 2s" not in page_of_bob
