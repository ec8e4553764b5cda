"""The summary beside a change of OS, of one server and of many: what it costs beside now, and why it would be refused."""

import re

import pytest

from images.change_os.services import change_os
from imsconsole.core.rules import Refused
from tests import factories
from tests.conftest import HTMX, client_of
from tests.images.change_os.many.test_change_os_many import a_server, an_image, picked
from tests.images.change_os.test_change_os import page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(people):
    factories.PriceFactory(of="disk", listing=None, unit="gb-month", amount="360")
    return an_image(people.bob, name="gold", min_disk_gb=3)


def told(client, url, **typed) -> str:
    """The words of the summary, of a form that is filled in so."""
    sent = {"action": "refresh", **typed}
    answer = client.post(url, sent, headers={**HTMX, "HX-Target": "summary"})
    assert answer.status_code == 200
    assert answer.content.decode().count("<section") == 1, "nothing but the summary"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_it_says_what_the_new_disk_takes_and_what_the_server_costs_then(people, image) -> None:
    server = a_server(people.bob)
    text = told(client_of(people.bob), page_of(server), image=image.pk, system_disk_gb="5")
    for words in ("gold", "5 GB", "CN¥1,800.00 a month", "Afterwards", "1 → 2 of", "2 → 7 of"):
        assert words in text, words


def test_it_gives_the_reason_that_the_service_would_give(people, image) -> None:
    server = a_server(people.bob)
    people.bob.project.quotas = {"disk_gb": 6}
    people.bob.project.save()
    text = told(client_of(people.bob), page_of(server), image=image.pk, system_disk_gb="5")
    with pytest.raises(Refused) as refused:
        change_os(server=server, image=image, system_disk_gb=5, user_data="#!", actor=people.bob)
    assert str(refused.value.verdict.reason) in text
    assert "reached" not in told(client_of(people.bob), page_of(server), image=image.pk, system_disk_gb="4")


def test_that_of_many_counts_those_that_can_be_changed(people, image) -> None:
    servers = [a_server(people.bob, "web-1"), a_server(people.bob, "web-2", status="creating")]
    client = client_of(people.bob)
    url = picked(client, servers)
    text = told(client, url, image=image.pk)
    for words in ("Servers 1", "gold", "CN¥1,080.00 a month", "2 → 3 of", "4 → 7 of"):
        assert words in text, words

    sent = {"action": "confirm", "image": image.pk, "login": "none", "user_data": "#!/bin/sh\n"}
    page = client.get(client.post(url, sent)["Location"]).content.decode()
    assert "CN¥1,080.00" in page


def test_the_page_has_it_and_htmx_gets_it_beside_the_choices(people, image) -> None:
    client, url = client_of(people.bob), page_of(a_server(people.bob))
    assert 'id="summary"' in client.get(url).content.decode()
    swapped = client.post(url, {"action": "refresh", "image": image.pk}, headers=HTMX).content.decode()
    assert 'hx-swap-oob="true"' in swapped
    assert "<html" not in swapped
