"""The page of the project."""

import pytest
from django.test import Client

from tests import factories
from tests.accounts.conftest import invited
from tests.conftest import client_of


@pytest.mark.parametrize("name", ["alice", "bob", "dave"])
def test_members_see_the_id_and_each_other(people, name) -> None:
    page = client_of(getattr(people, name)).get("/project/").content.decode()
    assert str(people.alice.project.pk) in page
    assert all(member in page for member in ("alice", "bob", "dave"))
    assert "carol" not in page


def test_a_stranger_sees_only_the_own_project(people) -> None:
    page = client_of(people.carol).get("/project/").content.decode()
    assert str(people.alice.project.pk) not in page
    assert "alice" not in page


@pytest.mark.django_db
def test_signed_out_one_sees_nothing() -> None:
    assert Client().get("/project/").status_code == 302


def test_only_an_administrator_sees_open_invitations(people) -> None:
    invited(people.alice, note="Erin from sales")
    assert "Erin from sales" in client_of(people.alice).get("/project/").content.decode()
    assert "Erin from sales" not in client_of(people.bob).get("/project/").content.decode()
    assert "Erin from sales" not in client_of(people.carol).get("/project/").content.decode()


def test_who_may_not_invite_reads_why(people) -> None:
    page = client_of(people.bob).get("/project/").content.decode()
    assert "Only administrators of the account can do this." in page
    assert 'aria-disabled="true"' in page


def test_the_members_come_sorted_as_a_fragment_for_htmx(people) -> None:
    response = client_of(people.alice).get("/project/?sort=-user", headers={"HX-Request": "true"})
    text = response.content.decode()
    assert "<html" not in text
    assert text.index("dave") < text.index("bob") < text.index("alice")


def test_more_members_cost_no_more_queries(people, django_assert_num_queries) -> None:
    client = client_of(people.alice)
    for _member in range(8):
        factories.MembershipFactory(account=people.alice.account)
    with django_assert_num_queries(15):
        client.get("/project/")
