"""Removing a member, and the last administrator under concurrency."""

import threading

import pytest
from django.db import connection
from django.test import Client

from imsconsole.accounts import rules
from imsconsole.accounts.models import Membership, Role
from imsconsole.accounts.services.members import remove_member
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from tests.accounts.conftest import actions, membership_of
from tests.conftest import client_of


def test_only_an_administrator_may_and_not_the_last_one(people) -> None:
    dave = membership_of(people.dave)
    assert rules.can_remove_member(dave, people.alice)
    assert rules.can_remove_member(dave, people.bob).code == "administrators-only"
    assert rules.can_remove_member(membership_of(people.alice), people.alice).code == "last-administrator"


def test_the_service_refuses_and_removes_nothing(people) -> None:
    with pytest.raises(Refused):
        remove_member(membership=membership_of(people.alice), actor=people.alice)
    with pytest.raises(Refused):
        remove_member(membership=membership_of(people.dave), actor=people.bob)
    assert Membership.objects.filter(account=people.alice.account).count() == 3


def test_a_removed_member_sees_nothing_from_the_next_click(people) -> None:
    url = f"/project/members/{membership_of(people.dave).pk}/remove/"
    dave, alice = client_of(people.dave), client_of(people.alice)
    assert "Remove dave?" in alice.get(url).content.decode()
    assert bare(alice.post(url)["Location"]) == "/project/"
    assert dave.get("/project/").status_code == 404
    assert actions() == ["removeAccountMember"]


@pytest.mark.parametrize(("name", "status"), [("bob", 409), ("dave", 409), ("carol", 404)])
def test_others_cannot(people, name, status) -> None:
    url = f"/project/members/{membership_of(people.dave).pk}/remove/"
    assert client_of(getattr(people, name)).post(url).status_code == status
    assert membership_of(people.dave)


def test_signed_out_nobody_removes(people) -> None:
    assert Client().post(f"/project/members/{membership_of(people.dave).pk}/remove/").status_code == 302
    assert membership_of(people.dave)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_remove_each_other_at_once_leave_one(people) -> None:
    Membership.objects.filter(user=people.bob.user).update(role=Role.ADMINISTRATOR)
    alice, bob = membership_of(people.alice), membership_of(people.bob)
    start, statuses = threading.Barrier(2), []

    def remove(client: Client, membership: Membership) -> None:
        start.wait()
        statuses.append(client.post(f"/project/members/{membership.pk}/remove/").status_code)
        connection.close()

    pairs = [(client_of(people.alice), bob), (client_of(people.bob), alice)]
    threads = [threading.Thread(target=remove, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(302) == 1
    assert people.alice.account.memberships.administrators().count() == 1
