"""Refused requests that are alike are one row, and so many rows a minute is all that anybody can make."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from imsconsole.accounts.actor import Actor
from imsconsole.audit import refusals
from imsconsole.audit.models import Event
from imsconsole.core import now as clock
from tests.accounts.conftest import membership_of
from tests.conftest import client_of
from tests.support.at_once import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_the_beginning_of_a_minute() -> None:
    clock.move(timedelta(seconds=60 - clock.now().second))


def refused(address: str = "198.51.100.1", url: str = "/me/language/", client: Client | None = None) -> None:
    assert (client or Client()).put(url, REMOTE_ADDR=address).status_code in (403, 404, 405)


def noted(address: str, action: str = "x") -> None:
    refusals.note(Event(action=action, resource_type="request", result="warning", address=address))


def rows() -> list[Event]:
    refusals.write_due(all_of_it=True)
    return list(Event.objects.order_by("pk"))


def test_a_hundred_like_requests_are_one_row_that_says_so() -> None:
    for _time in range(100):
        refused()
    (event,) = rows()
    assert (event.times, event.address, event.user_name) == (100, "198.51.100.1", "")
    assert (event.action, event.code) == ("set-language", "405")


def test_the_first_is_there_at_once_and_the_others_cost_no_statement() -> None:
    refused()
    assert Event.objects.get().times == 1
    with CaptureQueriesContext(connection) as captured:
        for _time in range(50):
            refused()
    written = [each["sql"] for each in captured if not each["sql"].startswith("SELECT")]
    assert len(written) <= 6, written  # one a second


def test_each_minute_has_its_row() -> None:
    refused()
    clock.move(timedelta(minutes=1))
    refused()
    refused()
    assert [event.times for event in rows()] == [1, 2]


def test_ids_in_an_address_make_no_rows_of_their_own() -> None:
    for _time in range(20):
        refused(url=f"/invitations/{uuid.uuid4()}/")
        refused(url=f"/nothing/{uuid.uuid4()}/")
    joined = rows()
    assert [event.times for event in joined] == [20, 20]
    assert joined[0].resource_name == "/invitations/<str:secret>/"


def test_a_network_of_ipv6_is_one_sender() -> None:
    for i in range(200):
        noted(f"2001:db8::{i:x}")
    assert [event.times for event in rows()] == [200]


def test_whatever_an_attacker_varies_rows_are_bounded_and_nothing_goes_uncounted() -> None:
    for i in range(150):
        noted(f"2001:db8:0:{i:x}::1")
        noted(f"198.51.100.{i}")
    made = rows()
    assert len(made) == refusals.OF_ALL + 1
    assert sum(event.times for event in made) == 300
    assert (made[-1].address, made[-1].times) == (None, 200)
    assert "of more kinds than are told apart" in made[-1].sentence


def test_one_address_cannot_use_up_the_rows_of_all() -> None:
    for i in range(refusals.OF_A_SENDER + 30):
        noted("198.51.100.1", f"view-{i}")
    noted("203.0.113.9")
    made = rows()
    assert len(made) == refusals.OF_A_SENDER + 2
    assert made[-1].address == "203.0.113.9"
    (rest,) = [event for event in made if event.action == "request"]
    assert (rest.address, rest.times) == ("198.51.100.1", 30)


def test_who_is_signed_in_has_a_row_for_each_thing_and_a_count_for_what_repeats(people) -> None:
    urls = [f"/project/members/{membership_of(person).pk}/remove/" for person in (people.dave, people.alice)]
    client = client_of(people.bob)
    for url in urls * 5:
        assert client.post(url).status_code == 409
    assert [(event.resource_name, event.times) for event in rows()] == [(urls[0], 5), (urls[1], 5)]


@pytest.mark.slow(reason="more requests are refused than are written down")
def test_rows_of_who_is_signed_in_are_bounded_for_each_person(people) -> None:
    def flood(actor: Actor) -> None:
        client = client_of(actor)
        for i in range(refusals.OF_A_SENDER + 10):
            client.post(f"/project/members/{900 + i}/remove/")

    flood(people.carol)
    flood(people.bob)
    made = rows()
    for name in ("carol", "bob"):
        own = [event.times for event in made if event.user_name == name]
        assert len(own) == refusals.OF_A_SENDER + 1
        assert sum(own) == refusals.OF_A_SENDER + 10


def test_what_services_did_is_not_joined(people) -> None:
    client = client_of(people.alice)
    for _time in range(3):
        client.post("/project/invite/", {"role": "read-only"})
    assert [event.times for event in Event.objects.filter(action="inviteMember")] == [1, 1, 1]


def test_members_and_the_operator_read_how_often(people, operator) -> None:
    for _time in range(7):
        client_of(people.dave).post("/project/invite/", {})
    rows()
    page = client_of(people.alice).get("/audit/").content.decode()
    assert "<small>7 times</small>" in page
    assert "7" in [row.split(",")[8] for row in exported(people.alice)]
    admin = Client()
    admin.force_login(operator)
    assert "7 times" in admin.get("/admin/audit/event/").content.decode()


def exported(actor: Actor) -> list[str]:
    text = b"".join(client_of(actor).get("/audit/export.csv").streaming_content).decode("utf-8-sig")
    return text.splitlines()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_row_and_lose_no_count() -> None:
    """As processes do: each writes what it has."""

    def write(_number: int) -> None:
        event = Event(action="x", resource_type="request", result="warning", address="198.51.100.1")
        refusals._write(
            refusals.Joined(event, clock.now().replace(second=0, microsecond=0), "nobody", "", "x"), 3
        )

    at_once(*[lambda number=number: write(number) for number in range(20)])
    assert Event.objects.get().times == 60
