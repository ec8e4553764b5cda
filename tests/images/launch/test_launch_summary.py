"""The summary beside an order of servers: it follows the form, and asks what the service asks."""

import re

import pytest
from django.urls import reverse

from images.launch.services import create_servers
from imsconsole.cloud.models import Server
from imsconsole.core.rules import Refused
from tests import factories
from tests.cloud.conftest import engine  # noqa: F401
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
CREATE = reverse("servers-create")


@pytest.fixture
def typed(people):
    image = factories.ImageFactory(project=people.bob.project, name="gold", min_disk_gb=5)
    flavor = factories.FlavorFactory(name="two", vcpus=2)
    factories.PriceFactory(of="flavor", listing=None, flavor=flavor, unit="hour", amount="0.25")
    sizes = {"system_disk_gb": "5", "data_disks": "1", "data_disk_1": "7"}
    return {"action": "refresh", "image": image.pk, "flavor": flavor.pk, "count": "3", **sizes}


def told(actor, typed):
    """The words of the summary."""
    answer = client_of(actor).post(CREATE, typed, headers={"HX-Request": "true", "HX-Target": "summary"})
    assert answer.status_code == 200
    assert answer.content.decode().count("<section") == 1, "nothing but the summary"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_it_says_what_is_made_and_what_that_costs(people, typed):
    text = told(people.bob, {**typed, "name": "web"})
    for words in (
        "gold",
        "two · 2 vCPUs",
        "5 GB + 7 GB",
        "web",
        "CN¥0.75 an hour",
        "0 → 3 of 100",
        "0 → 36 of 40960",
    ):
        assert words in text, words


def test_without_scripts_the_page_has_it_as_the_form_was_last_sent(people, typed):
    page = client_of(people.bob).post(CREATE, typed).content.decode()
    assert "CN¥0.75 an hour" in page
    assert 'value="refresh"' in page
    assert "Enter a value" not in page, "what is not filled in yet is no error"


def test_it_gives_the_reason_that_the_service_would_give(people, typed):
    people.bob.project.quotas = {"servers": 2}
    people.bob.project.save()
    text = told(people.bob, typed)
    image, flavor = (
        factories.ImageFactory._meta.model.objects.get(),
        factories.FlavorFactory._meta.model.objects.get(),
    )
    with pytest.raises(Refused) as refused:
        create_servers(actor=people.bob, image=image, flavor=flavor, name="web", count=3, user_data="#!")
    assert refused.value.verdict.reason in text
    assert "reached" not in told(people.bob, {**typed, "count": "2"})


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"system_disk_gb": "4"}, "has 5 to 1024 GB"),
        ({"data_disk_1": "9999"}, "A data disk has"),
        ({"count": "101"}, "1 to 100 servers"),
        ({"count": "x"}, "1 to 100 servers"),
    ],
)
def test_what_was_typed_wrong_is_said_beside_the_form(people, typed, changed, reason):
    assert reason in told(people.bob, {**typed, **changed})


def test_an_order_without_an_image_costs_nothing_yet(people, typed):
    assert "Choose an image and a flavor first." in told(people.bob, {**typed, "flavor": ""})


def test_nothing_is_made_and_no_password_is_asked_for(people, typed):
    told(people.bob, {**typed, "name": "web", "login": "password"})
    assert not Server.objects.exists()
    assert "not password,password_again" in client_of(people.bob).get(CREATE).content.decode()


def test_who_may_only_read_is_told_so(people, typed):
    assert "read" in told(people.dave, typed)


def test_another_account_sees_nothing_of_the_image(people, typed):
    assert "gold" not in told(people.carol, typed)


def test_flavors_show_what_they_cost(people, typed):
    page = client_of(people.bob).get(CREATE, {"image": typed["image"]}).content.decode()
    assert "CN¥0.25 per hour</td>" in page


def test_it_asks_the_same_number_of_questions_however_much_is_ordered(
    people, typed, django_assert_max_num_queries
):
    for number in range(2, 9):
        typed[f"data_disk_{number}"] = "7"
    with django_assert_max_num_queries(40):
        told(people.bob, {**typed, "count": "100", "data_disks": "8"})
