"""From a listing to running servers on one page: rule, service, page; made once, whoever sends it how often."""

import re

import pytest
from django.urls import reverse

from images.launch.rules import Launch
from images.models import Image
from imsconsole.accounts.models import Draft
from imsconsole.cloud.models import Flavor, Server
from imsconsole.core.rules import Refused
from market.deploy.deploying import deploy
from market.deploy.rules import can_deploy
from market.models import Acceptance
from market.shop.services import accept_terms
from tests import factories
from tests.cloud.conftest import engine  # noqa: F401
from tests.conftest import client_of
from tests.support.at_once import at_once
from tests.support.forms import shown_in

pytestmark = pytest.mark.django_db
FORM = "step-confirm"


@pytest.fixture
def offer(people):
    """Carol's “Web server” for 0.36 an hour, and a flavor of 0.25."""
    listing = factories.ListingFactory(project=people.carol.project)
    version = factories.ListingVersionFactory(listing=listing, title="Web server", version="1.0")
    version.regions.add(version.image.region)
    edition = factories.EditionFactory(version_of=version)
    factories.ImageDiskFactory(image=edition.image)
    factories.PriceFactory(listing=listing, amount="0.36")
    flavor = factories.FlavorFactory(name="two", vcpus=2)
    factories.PriceFactory(of="flavor", listing=None, flavor=flavor, amount="0.25")
    return edition


@pytest.fixture
def url(offer):
    return reverse("market:deploy", args=[offer.version_of.listing_id])


def seen(offer, actor) -> Image:
    return Image.objects.visible_to(actor).get(pk=offer.image_id)


def filled(client, url, **changes):
    """The page as it is shown, with a password and the terms accepted."""
    login = {"login": "password", "password": "Secret-pass-1", "password_again": "Secret-pass-1"}
    shown = shown_in(client.get(url), FORM)
    return {**shown, **login, "accepts_terms": "on", "action": "confirm", **changes}


# rule and service ------------------------------------------------------------------------------------


def test_who_may_accept_its_terms_may_deploy_an_offer_and_then_all_who_write(people, offer):
    codes = {
        name: can_deploy(seen(offer, each), offer.version_of, each).code
        for name, each in vars(people).items()
    }
    assert (codes["alice"], codes["bob"], codes["dave"]) == ("", "administrators-only", "read-only")
    accept_terms(offer.version_of, actor=people.alice)
    assert can_deploy(seen(offer, people.bob), offer.version_of, people.bob)


def an_order(offer, actor, **fields):
    plain = {"flavor": factories.FlavorFactory(name="two"), "zone": actor.region.zones.first(), "name": "web"}
    return Launch(image=seen(offer, actor), system_disk_gb=offer.image.min_disk_gb, **plain, **fields)


def test_terms_and_servers_are_one_decision(people, offer):
    order, version = an_order(offer, people.alice, user_data="#!"), offer.version_of
    with pytest.raises(Refused, match="terms-needed"):
        deploy(order, version, accepts_terms=False, actor=people.alice)
    no_login = an_order(offer, people.alice)
    with pytest.raises(Refused, match="login-missing"):
        deploy(no_login, version, accepts_terms=True, actor=people.alice)
    assert not Acceptance.objects.exists(), "no server, no terms"
    with pytest.raises(Refused, match="administrators-only"):
        deploy(an_order(offer, people.bob, user_data="#!"), version, accepts_terms=True, actor=people.bob)

    deploy(order, version, accepts_terms=True, actor=people.alice)
    assert (Acceptance.objects.count(), Server.objects.count()) == (1, 1)
    deploy(an_order(offer, people.bob, user_data="#!"), version, accepts_terms=False, actor=people.bob)
    assert (Acceptance.objects.count(), Server.objects.count()) == (1, 2), "bought once"


# the page --------------------------------------------------------------------------------------------


def test_everything_is_chosen_and_costs_are_in_view(people, offer, url):
    pair = factories.KeyPairFactory(project=people.alice.project)
    client = client_of(people.alice)
    page = client.get(url)
    given = shown_in(page, FORM)
    assert (given["name"], given["flavor"], given["login"], given["key_pair"]) == (
        "web-server",
        "two",
        "key",
        str(pair.pk),
    )
    assert given["system_disk_gb"] == str(offer.image.min_disk_gb)
    text = re.sub(r"\s+", " ", page.content.decode())
    assert "CN¥0.61 an hour" in text
    assert offer.version_of.terms in text
    assert "accepts_terms" not in given, "nobody accepts by default"
    assert not Draft.objects.exists(), "looking makes nothing"


def test_one_click_makes_the_server_and_accepts_the_terms(people, offer, url):
    client = client_of(people.alice)
    answer = client.post(url, filled(client, url, name="shop"))
    assert answer.status_code == 302, re.findall(r"error-summary.*?</ul>", answer.content.decode(), re.S)
    server = Server.objects.get()
    assert answer.status_code == 302
    assert str(server.pk) in answer["Location"]
    assert (server.name, server.image_id, server.flavor_id) == ("shop", offer.image_id, "two")
    assert Acceptance.objects.get().accepted_by == people.alice.user
    assert "accepts_terms" not in client.get(url).content.decode().replace("form.accepts_terms", "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"accepts_terms": ""}, "Read the licence terms"),
        ({"password": "short", "password_again": "short"}, "8 to 26"),
        ({"system_disk_gb": "0"}, "greater than or equal to 1"),
        ({"name": "no spaces here"}, "A name has 1 to 64"),
        ({"order": "01a22701-1c58-7616-9855-6f984b02cddb"}, "Look at it once more"),
        ({"order": ""}, "Look at it once more"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_made(people, offer, url, changes, said):
    client = client_of(people.alice)
    answer = client.post(url, filled(client, url, **changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert (Server.objects.count(), Acceptance.objects.count()) == (0, 0)


def test_a_post_past_the_page_is_refused_with_the_same_sentence(people, offer, url):
    client = client_of(people.bob)
    page = client.get(url).content.decode()
    reason = can_deploy(seen(offer, people.bob), offer.version_of, people.bob).reason
    assert reason in page
    answer = client.post(url, filled(client, url))
    assert answer.status_code == 422
    assert answer.content.decode().count(reason) > 1
    assert (Server.objects.count(), Acceptance.objects.count()) == (0, 0)


def test_quota_is_asked_before_anything_is_bought(people, offer, url):
    people.alice.project.quotas = {"servers": 0}
    people.alice.project.save()
    client = client_of(people.alice)
    assert "is reached" in client.get(url).content.decode()
    assert client.post(url, filled(client, url)).status_code == 422
    assert not Acceptance.objects.exists()


def test_another_tab_and_a_second_click_lead_to_the_same_server(people, offer, url):
    client = client_of(people.alice)
    one, other = filled(client, url, name="one"), filled(client, url, name="other")
    first = client.post(url, one)
    assert client.post(url, one)["Location"] == first["Location"]
    assert client.post(url, other)["Location"] == first["Location"]
    assert client.post(url, {"order": one["order"], "action": "confirm"})["Location"] == first["Location"]
    assert Server.objects.get().name == "one"

    again = client.post(url, filled(client, url, name="again"))
    assert again["Location"] != first["Location"], "a new page is a new decision"
    assert (Server.objects.count(), Acceptance.objects.count()) == (2, 1)


@pytest.mark.parametrize("target", ["summary", "deploy-disks", ""])
def test_a_tab_in_which_one_still_chooses_stays_when_another_is_sent(people, offer, url, target):
    client = client_of(people.alice)
    one, other = filled(client, url, name="one"), filled(client, url, name="other")
    first = client.post(url, one)
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    stays = client.post(url, {**other, "action": "refresh"}, headers=headers)
    assert (stays.status_code, "HX-Redirect" in stays) == (200, False)
    assert "other" in stays.content.decode()
    if not target:
        other["order"] = shown_in(stays, FORM)["order"]
    assert client.post(url, other)["Location"] == first["Location"]
    assert Server.objects.get().name == "one"


@pytest.mark.slow(reason="two who write at once wait for each other")
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_server(people, offer, url):
    client = client_of(people.alice)
    typed = filled(client, url)
    answers = []
    at_once(*[lambda: answers.append(client_of(people.alice).post(url, typed)["Location"])] * 2)
    assert (Server.objects.count(), Acceptance.objects.count(), len(set(answers))) == (1, 1, 1)


def test_what_failed_half_way_can_be_sent_again(people, offer, url):
    """Killed behind the draft: it is there, and nothing else is."""
    client = client_of(people.alice)
    typed = filled(client, url)
    Draft.objects.create(
        pk=typed["order"], wizard="market.deploy", user=people.alice.user, project=people.alice.project,
        data={"listing": str(offer.version_of.listing_id)},
    )  # fmt: skip
    assert client.post(url, typed).status_code == 302
    assert Server.objects.count() == 1


@pytest.mark.parametrize("of", ["listing", "flavor"])
def test_another_price_than_was_seen_is_not_charged(people, offer, url, of):
    client = client_of(people.alice)
    typed = filled(client, url)
    priced = {"listing": offer.version_of.listing, "flavor": None}
    if of == "flavor":
        priced = {"listing": None, "flavor": Flavor.objects.get(name="two")}
    factories.PriceFactory(of=of, amount="9", **priced)
    answer = client.post(url, typed)
    assert answer.status_code == 422
    assert "CN¥9.00" in answer.content.decode()
    assert not Server.objects.exists()


def test_it_follows_what_is_changed_and_makes_nothing(people, offer, url):
    client = client_of(people.alice)
    typed = filled(client, url, action="refresh", count="3")
    answer = client.post(url, typed, headers={"HX-Request": "true", "HX-Target": "summary"})
    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith("<section")
    assert "CN¥1.83 an hour" in re.sub(r"\s+", " ", answer.content.decode())
    more = client.post(url, {**typed, "data_disks": "2"}).content.decode()
    assert 'name="data_disk_2"' in more
    assert (Server.objects.count(), Draft.objects.count()) == (0, 0)


def test_what_is_not_on_the_market_has_no_such_page(people, offer, url):
    version = offer.version_of
    version.state = "withdrawn"
    version.save(update_fields=["state"])
    assert client_of(people.alice).get(url).status_code == 404
    elsewhere = reverse("market:deploy", args=[factories.ListingFactory().pk])
    assert client_of(people.alice).get(elsewhere).status_code == 404


def test_anothers_order_is_not_shown(people, offer, url):
    client = client_of(people.alice)
    typed = filled(client, url)
    client.post(url, typed)
    answer = client_of(people.bob).post(url, {"order": typed["order"], "action": "confirm"})
    assert answer.status_code == 422
