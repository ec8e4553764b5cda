"""Leaving."""

import pytest
from django.test import Client

from imsconsole.accounts import rules
from imsconsole.accounts.models import Membership
from imsconsole.accounts.services.members import leave_account
from imsconsole.core.rules import Refused
from tests.accounts.conftest import actions, membership_of
from tests.conftest import bare_client_of, client_of


def test_one_leaves_only_oneself_and_not_as_the_last_administrator(people) -> None:
    assert rules.can_leave_account(membership_of(people.dave), people.dave)
    assert rules.can_leave_account(membership_of(people.dave), people.alice).code == "not-yourself"
    assert rules.can_leave_account(membership_of(people.alice), people.alice).code == "last-administrator"


def test_the_service_asks_the_rule(people) -> None:
    with pytest.raises(Refused):
        leave_account(membership=membership_of(people.dave), actor=people.bob)


@pytest.mark.parametrize("name", ["bob", "dave"])
def test_a_member_leaves_after_a_question(people, name) -> None:
    client = client_of(getattr(people, name))
    assert "Leave the account?" in client.get("/project/leave/").content.decode()
    assert client.post("/project/leave/")["Location"] == "/"
    assert bare_client_of(getattr(people, name)).get("/").status_code == 403
    assert actions() == ["leaveAccount"]


def test_the_last_administrator_reads_why_not(people) -> None:
    client = client_of(people.carol)
    for response in (client.get("/project/leave/"), client.post("/project/leave/")):
        assert response.status_code == 409
        assert "carol is the last administrator" in response.content.decode()
    assert membership_of(people.carol)


@pytest.mark.django_db
def test_signed_out_nobody_leaves(people) -> None:
    assert Client().post("/project/leave/").status_code == 302
    assert Membership.objects.count() == 4
