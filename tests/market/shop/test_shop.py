"""What buyers see of the market: list, page of an offer, publisher, pictures; terms, and what they open (§2.16, R1, R20)."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from images.change_os.rules import OsChange, can_become, can_order_reinstall
from images.launch.rules import can_launch
from images.launch.services import create_servers
from images.models import Image
from images.product.products import load_products, product_of
from images.selection.tabs import CHOSEN_AMONG
from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import host_of
from imsconsole.core.now import now
from imsconsole.core.pages import pages_found
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from market.models import Acceptance, Picture, Publisher, Software
from market.shop.rules import can_accept_terms
from market.shop.services import accept_terms
from tests import factories
from tests.conftest import client_of
from tests.support.at_once import DONE, at_once
from tests.support.clients import at

pytestmark = pytest.mark.django_db
MARKET = reverse("market:list")


@pytest.fixture
def edition(people):
    """Carol's account offers “Web server” in the region of all."""
    listing = factories.ListingFactory(project=people.carol.project)
    version = factories.ListingVersionFactory(listing=listing, title="Web server", version="1.0")
    return offer(version)


def offer(version, **fields):
    version.regions.add(version.image.region)
    return factories.EditionFactory(version_of=version, **fields)


def seen(image, actor) -> Image:
    return Image.objects.visible_to(actor).get(pk=image.pk)


def detail(edition) -> str:
    return reverse("market:detail", args=[edition.version_of.listing_id])


def terms(edition) -> str:
    return reverse("market:terms", args=[edition.version_of_id])


def withdraw(edition, days=10) -> None:
    version = edition.version_of
    version.state = "withdrawn"
    version.save(update_fields=["state"])
    listing = version.listing
    listing.withdrawn_at, listing.reinstall_until = now(), now() + timedelta(days=days)
    listing.save(update_fields=["withdrawn_at", "reinstall_until"])


# the rule ---------------------------------------------------------------------------------------------


def test_an_administrator_accepts_terms_once_for_each_project_and_version(people, edition):
    version = edition.version_of
    for name, code in (("dave", "administrators-only"), ("bob", "administrators-only"), ("alice", "")):
        assert can_accept_terms(version, getattr(people, name)).code == code
    accept_terms(version, actor=people.alice)
    with pytest.raises(Refused, match="terms-accepted"):
        accept_terms(version, actor=people.alice)
    assert can_accept_terms(version, people.carol)
    assert can_accept_terms(factories.ListingVersionFactory(), people.alice)
    draft = factories.ListingVersionFactory(state="draft", published_at=None)
    assert can_accept_terms(draft, people.alice).code == "never-published"
    assert Event.objects.get(action="acceptTerms").resource_id == str(version.pk)


@pytest.mark.django_db(transaction=True)
def test_two_who_accept_the_same_terms_at_once_leave_one_acceptance(people, edition):
    version = edition.version_of
    outcomes = at_once(*[lambda: accept_terms(version, actor=people.alice)] * 2)
    assert sorted(outcomes) == [DONE, "terms-accepted"]
    assert Acceptance.objects.count() == 1


def test_nothing_of_an_offer_is_used_before_its_terms_are_accepted(people, edition):
    assert can_launch(seen(edition.image, people.dave), people.dave).code == "read-only"
    verdict = can_launch(seen(edition.image, people.bob), people.bob)
    assert (verdict.code, verdict.way) == ("terms-not-accepted", terms(edition))
    assert verdict.way_label == "Read and accept the terms"
    accept_terms(edition.version_of, actor=people.alice)
    assert can_launch(seen(edition.image, people.bob), people.bob)
    assert can_launch(seen(edition.image, people.carol), people.carol).code == "terms-not-accepted"


def test_what_was_made_of_an_offer_needs_the_terms_through_every_generation(people, edition):
    """Also where it was shared with another account; data disk images as well (R74, H7)."""
    child = factories.ImageFactory(project=people.alice.project, parent=edition.image)
    image = factories.ImageFactory(project=people.alice.project, parent=child)
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    accept_terms(edition.version_of, actor=people.alice)
    assert can_launch(seen(image, people.bob), people.bob)
    assert can_launch(seen(image, people.carol), people.carol).code == "terms-not-accepted"
    product = product_of(seen(image, people.bob), people.bob)
    assert product.listing_id == edition.version_of.listing_id


def test_the_nearest_product_counts(people, edition):
    """An own offer that was made from one's own former offer is the newer one's."""
    version = factories.ListingVersionFactory(listing=factories.ListingFactory(project=people.carol.project))
    version.image.parent = edition.image
    version.image.save(update_fields=["parent"])
    newer = offer(version)
    assert product_of(newer.image, people.bob).image_id == newer.image.pk
    assert product_of(version.image, people.bob).image_id == edition.image.pk


def test_a_version_that_was_replaced_makes_no_new_servers_but_reinstalls_those_it_has(people, edition):
    server = factories.ServerFactory(project=people.alice.project, image=edition.image, ref="there")
    factories.DiskFactory(server=server)
    accept_terms(edition.version_of, actor=people.alice)
    edition.version_of.state = "replaced"
    edition.version_of.save(update_fields=["state"])
    image, host = seen(edition.image, people.bob), host_of(people.bob.region)
    verdict = can_launch(image, people.bob)
    assert (verdict.code, verdict.way) == ("market-replaced", detail(edition))
    assert can_become(server, image, people.bob, host)
    other = factories.ServerFactory(project=people.alice.project)
    assert can_become(other, image, people.bob, host).code == "market-replaced"
    Acceptance.objects.all().delete()
    image = seen(edition.image, people.bob)
    assert can_become(server, image, people.bob, host).code == "terms-not-accepted"


def test_a_withdrawn_offer_is_reinstalled_until_its_day(people, edition):
    server = factories.ServerFactory(project=people.alice.project, image=edition.image, ref="there")
    factories.DiskFactory(server=server)
    accept_terms(edition.version_of, actor=people.alice)
    withdraw(edition)
    order = OsChange(server, seen(edition.image, people.bob), 1, user_data="#!")
    assert can_launch(order.image, people.bob).code == "market-withdrawn"
    assert can_order_reinstall(order, people.bob)
    withdraw(edition, days=-1)
    order = OsChange(server, seen(edition.image, people.bob), 1, user_data="#!")
    assert can_order_reinstall(order, people.bob).code == "market-reinstall-over"


def test_the_products_of_a_list_take_the_same_queries_however_long_it_is(
    people, edition, django_assert_num_queries
):
    factories.ImageFactory.create_batch(20, project=people.alice.project, parent=edition.image)
    for count in (1, 20):
        images = list(Image.objects.filter(project=people.alice.project)[:count])
        with django_assert_num_queries(2):  # all generations, and the products
            load_products(images, people.bob)
            assert {product_of(image, people.bob).title for image in images} == {"Web server"}


# the pages --------------------------------------------------------------------------------------------


def shown(actor, query="") -> str:
    return client_of(actor).get(MARKET + query).content.decode()


@pytest.mark.slow(reason="listings are published in two regions and looked for")
def test_the_market_shows_what_is_published_in_the_region(people, edition):
    factories.PriceFactory(listing=edition.version_of.listing)
    for state in ("draft", "scanning", "in-review", "approved", "rejected", "replaced", "withdrawn"):
        offer(factories.ListingVersionFactory(title=f"secret {state}", state=state))
    far = factories.ProjectFactory(region=factories.RegionFactory(code="cn-east-3"))
    offer(factories.ListingVersionFactory(title="elsewhere", listing=factories.ListingFactory(project=far)))
    way = reverse("market:deploy", args=[edition.version_of.listing_id])
    for name in ("alice", "bob", "dave", "carol"):
        page = shown(getattr(people, name))
        assert "Web server" in page
        assert ("read-only" if name == "dave" else way) in page
        assert "0.36" in page
        assert "secret" not in page
        assert "elsewhere" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=web", {"Web server"}),
        ("?q=nginx", {"Web server"}),  # built-in software
        ("?q=initech", {"Database"}),  # a publisher
        ("?category=database", {"Database"}),
        ("?os=Ubuntu", {"Database"}),
        ("?charge=free", {"Web server", "Tool"}),
        ("?charge=paid", {"Database"}),
        ("?unit=month", {"Database"}),
        ("?price_max=5", {"Web server", "Tool"}),
        ("?price_max=9", {"Web server", "Tool", "Database"}),
        ("?category=nonsense", {"Web server", "Tool", "Database"}),
    ],
)
def test_the_market_is_narrowed_by_the_url(people, edition, query, found):
    Software.objects.create(version_of=edition.version_of, name="nginx", version="1.26")
    factories.PriceFactory(listing=edition.version_of.listing, unit="free", amount=0)
    offer(factories.ListingVersionFactory(title="Tool", category="development", summary="for people"))
    initech = factories.PublisherFactory(name="Initech")
    listing = factories.ListingFactory(
        publisher=initech, project=factories.ProjectFactory(account=initech.account)
    )
    database = offer(
        factories.ListingVersionFactory(
            listing=listing, title="Database", category="database", summary="keeps rows"
        )
    )
    ubuntu = factories.OsVersionFactory(name="Ubuntu 24.04 64bit", platform="Ubuntu")
    Image.objects.filter(pk=database.image_id).update(os_version=ubuntu)
    factories.PriceFactory(listing=listing, unit="month", amount="8.5")
    page = shown(people.dave, query)
    assert {title for title in ("Web server", "Tool", "Database") if f">{title}</a>" in page} == found


def test_what_most_servers_run_stands_first(people, edition):
    """In all versions of a product together; of all buyers, without telling whose they are."""
    other = offer(factories.ListingVersionFactory(title="Busy"))
    former = offer(
        factories.ListingVersionFactory(listing=other.version_of.listing, state="replaced", version="0.1")
    )
    for image in (other.image, former.image):
        factories.ServerFactory(image=image, status="running")
    factories.ServerFactory(image=edition.image, status="stopped")
    page = shown(people.bob)
    assert page.index("Busy") < page.index("Web server")
    assert shown(people.bob, "?sort=running").index("Web server") < shown(people.bob, "?sort=running").index(
        "Busy"
    )
    row = client_of(people.bob).get(reverse("market:export")).getvalue().decode()
    assert "Busy" in row


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_market_takes_the_same_queries_with_one_and_with_many_offers(
    people, django_assert_max_num_queries
):
    client = client_of(people.bob)
    for count in (1, 20):
        for _ in range(count):
            factories.PriceFactory(listing=offer(factories.ListingVersionFactory()).version_of.listing)
        with django_assert_max_num_queries(24):
            client.get(f"{MARKET}?per_page=100")


def test_an_offer_says_everything_and_leads_to_its_deployment_and_its_terms_into_the_wizard(people, edition):
    version = edition.version_of
    version.description = "# Hello\n\n<script>alert(1)</script>"
    version.save(update_fields=["description"])
    Software.objects.create(version_of=version, name="nginx", version="1.26")
    picture = Picture.objects.create(version_of=version, width=2, height=2, content=b"RIFF")
    factories.PriceFactory(listing=version.listing, amount="1.25")
    client = client_of(people.alice)
    page = client.get(detail(edition)).content.decode()
    wizard = at(people.alice.project, f"{reverse('servers-create')}?image={edition.image_id}")
    for part in ("Web server", "nginx", "1.26", "1.25", str(version.listing_id), str(picture.pk)):
        assert part in page
    assert "<script>alert" not in page
    assert reverse("market:deploy", args=[version.listing_id]) in page

    answer = client.get(terms(edition), {"next": wizard})
    assert version.terms in answer.content.decode()
    assert client.post(terms(edition), {"next": wizard}).url == wizard
    assert Acceptance.objects.get().accepted_by == people.alice.user
    assert terms(edition) not in client.get(detail(edition)).content.decode()
    choices = client.get(wizard).content.decode()
    assert f'value="{edition.image_id}" checked' in choices


def test_terms_lead_nowhere_but_to_pages_of_the_console(people, edition):
    answer = client_of(people.alice).post(terms(edition), {"next": "https://example.test/"})
    assert bare(answer.url) == detail(edition)
    assert client_of(people.bob).post(terms(edition)).status_code == 409


@pytest.mark.slow(reason="every wizard that offers images is drawn")
def test_every_wizard_offers_market_images_and_says_where_the_terms_are(people, edition):
    assert "market" in CHOSEN_AMONG
    server = factories.ServerFactory(project=people.bob.project, ref="there")
    factories.DiskFactory(server=server)
    many = client_of(people.bob).post(reverse("servers-change-os-many"), {"pick": str(server.pk)}).url
    for wizard in (reverse("servers-create"), reverse("servers-change-os", args=[server.pk]), many):
        page = client_of(people.bob).get(wizard, {"tab": "market"}).content.decode()
        back = quote(f"{at(people.bob.project, wizard)}?tab=market&image={edition.image_id}", safe="")
        assert f'{terms(edition)}?next={back}"' in page
        page = client_of(people.bob).get(wizard, {"image": edition.image_id}).content.decode()
        assert "Web server</strong>" in page  # it is chosen, and cannot be ordered
    with pytest.raises(Refused) as refused:
        create_servers(image=edition.image, flavor=factories.FlavorFactory(), name="web", actor=people.bob)
    assert refused.value.code == "terms-not-accepted"


def test_the_page_of_a_server_says_that_its_product_has_left_the_market(people, edition):
    server = factories.ServerFactory(project=people.bob.project, image=edition.image)
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert "market" not in page.split('id="server-detail"')[1]
    edition.version_of.state = "replaced"
    edition.version_of.save(update_fields=["state"])
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert "There is a newer version of it." in page
    withdraw(edition)
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert "it can be reinstalled until" in page
    assert date_format(localtime(edition.version_of.listing.reinstall_until)) in page


def test_a_listing_has_a_page_while_it_is_offered_and_for_those_who_accepted_it(people, edition):
    accept_terms(edition.version_of, actor=people.alice)
    withdraw(edition)
    page = client_of(people.bob).get(detail(edition)).content.decode()
    assert "withdrawn from the market" in page
    assert client_of(people.carol).get(detail(edition)).status_code == 404
    draft = factories.ListingVersionFactory(state="in-review", published_at=None)
    for who in (people.alice, people.carol):
        assert client_of(who).get(reverse("market:detail", args=[draft.listing_id])).status_code == 404
        assert client_of(who).get(reverse("market:terms", args=[draft.pk])).status_code == 404


def test_pictures_of_drafts_are_their_projects_and_the_reviewers(people, operator, edition):
    def status(who, version) -> int:
        picture = Picture.objects.create(version_of=version, width=2, height=2, content=b"RIFF")
        return client_of(who).get(reverse("market:picture", args=[picture.pk])).status_code

    draft = factories.ListingVersionFactory(
        state="draft", published_at=None, listing__project=people.carol.project
    )
    for who, version, code in (
        (people.alice, edition.version_of, 200),
        (people.alice, draft, 404),
        (people.carol, draft, 200),
    ):
        assert status(who, version) == code
    people.alice.user.is_staff = True
    people.alice.user.save(update_fields=["is_staff"])
    assert status(people.alice, draft) == 200


def test_a_picture_is_nothing_else_in_a_browser(people, edition):
    picture = Picture.objects.create(version_of=edition.version_of, width=2, height=2, content=b"<script>")
    response = client_of(people.alice).get(reverse("market:picture", args=[picture.pk]))
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    assert "default-src 'self'" in response["Content-Security-Policy"]


def test_a_publisher_has_a_page_once_approved(people, edition):
    publisher = edition.version_of.listing.publisher
    page = client_of(people.dave).get(publisher.get_absolute_url()).content.decode()
    assert publisher.name in page
    assert "Web server" in page
    logo = reverse("market:logo", args=[publisher.pk])
    assert client_of(people.dave).get(logo).status_code == 404
    Publisher.objects.filter(pk=publisher.pk).update(logo=b"PNG", state="suspended")
    assert client_of(people.dave).get(publisher.get_absolute_url()).status_code == 404
    assert client_of(people.carol).get(logo).content == b"PNG"


def test_the_page_of_an_image_names_its_product(people, edition):
    child = factories.ImageFactory(project=people.alice.project, parent=edition.image)
    for image in (edition.image, child):
        page = client_of(people.bob).get(image.get_absolute_url()).content.decode()
        assert detail(edition) in page
        assert str(edition.version_of.listing_id) in page
        assert edition.version_of.listing.publisher.name in page


def test_what_one_is_told_of_leads_to_its_page_as_far_as_one_may_read_it(people, edition):
    version = edition.version_of
    draft = factories.ListingVersionFactory(
        listing__project=people.carol.project, state="draft", published_at=None
    )
    applied = factories.PublisherFactory(state="applied")
    things = [
        *(("listing", one.listing_id) for one in (version, draft)),
        *(("listingversion", one.pk) for one in (version, draft)),
        *(("publisher", one.pk) for one in (version.listing.publisher, applied)),
    ]
    seen = {name: set(pages_found(things, getattr(people, name))) for name in ("alice", "carol")}
    public = {("listing", str(version.listing_id)), ("publisher", str(version.listing.publisher_id))}
    assert seen["alice"] == public
    assert seen["carol"] == public | {("listingversion", str(one.pk)) for one in (version, draft)}


def test_screenshots_stand_in_the_order_in_which_they_were_added(people, edition):
    added = [
        Picture.objects.create(version_of=edition.version_of, width=2, height=2, content=b"RIFF").pk
        for _ in range(6)
    ]
    page = client_of(people.bob).get(detail(edition)).content.decode()
    assert sorted(added, key=lambda pk: page.index(str(pk))) == added
