"""A member's role and projects."""

import pytest
from django.test import Client

from imsconsole.accounts import rules
from imsconsole.accounts.actor import projects_of
from imsconsole.accounts.models import Membership, Role
from imsconsole.accounts.services.members import change_role
from imsconsole.core.rules import Refused
from tests.accounts.conftest import actions, membership_of
from tests.conftest import client_of


def test_only_an_administrator_may(people) -> None:
    dave = membership_of(people.dave)
    assert rules.can_change_role(dave, people.alice)
    assert rules.can_change_role(dave, people.bob).code == "administrators-only"
    assert rules.can_change_role(dave, people.dave).code == "administrators-only"


def test_the_last_administrator_stays_one(people) -> None:
    alice = membership_of(people.alice)
    assert rules.can_change_role(alice, people.alice).code == "last-administrator"
    Membership.objects.filter(user=people.bob.user).update(role=Role.ADMINISTRATOR)
    assert rules.can_change_role(alice, people.alice)


def test_an_administrator_who_cannot_sign_in_does_not_count(people) -> None:
    Membership.objects.filter(user=people.bob.user).update(role=Role.ADMINISTRATOR)
    people.bob.user.is_active = False
    people.bob.user.save()
    assert rules.can_change_role(membership_of(people.alice), people.alice).code == "last-administrator"


def test_the_service_changes_role_and_projects_and_leaves_a_row(people, east) -> None:
    change_role(
        membership=membership_of(people.dave), role="full-access", projects=[east], actor=people.alice
    )
    assert membership_of(people.dave).role == "full-access"
    assert list(projects_of(people.dave.user)) == [east]
    assert actions() == ["updateAccountMember"]


def test_the_service_asks_again_under_the_lock(people) -> None:
    stale = membership_of(people.alice)
    with pytest.raises(Refused, match="last-administrator"):
        change_role(membership=stale, role="read-only", projects=[], actor=people.alice)
    assert actions() == []


def test_it_applies_to_the_next_click(people) -> None:
    bob = client_of(people.bob)
    url = f"/project/members/{membership_of(people.bob).pk}/"
    assert bob.get("/project/invite/").status_code == 409
    response = client_of(people.alice).post(url, {"role": "administrator"})
    assert response.status_code == 302
    assert bob.get("/project/invite/").status_code == 200


def test_the_form_starts_from_what_is(people, east) -> None:
    membership_of(people.bob).projects.set([east])
    page = client_of(people.alice).get(f"/project/members/{membership_of(people.bob).pk}/").content.decode()
    assert page.count("checked") == 2


def test_an_administrator_kept_to_some_projects_comes_back_with_what_is_wrong(people, east) -> None:
    url = f"/project/members/{membership_of(people.bob).pk}/"
    data = {"role": "administrator", "projects": [east.pk]}
    assert client_of(people.alice).post(url, data).status_code == 422


@pytest.mark.parametrize("name", ["bob", "dave"])
def test_others_of_the_account_are_refused(people, name) -> None:
    url = f"/project/members/{membership_of(people.dave).pk}/"
    client = client_of(getattr(people, name))
    assert client.get(url).status_code == 409
    assert client.post(url, {"role": "administrator"}).status_code == 409
    assert membership_of(people.dave).role == Role.READ_ONLY


def test_a_stranger_does_not_find_the_member(people) -> None:
    url = f"/project/members/{membership_of(people.dave).pk}/"
    assert client_of(people.carol).post(url, {"role": "administrator"}).status_code == 404


def test_signed_out_nobody_changes_anything(people) -> None:
    url = f"/project/members/{membership_of(people.dave).pk}/"
    assert Client().post(url, {"role": "administrator"}).status_code == 302
    assert membership_of(people.dave).role == Role.READ_ONLY


def test_the_last_administrators_page_says_why_nothing_can_be_changed(people) -> None:
    page = client_of(people.alice).get(f"/project/members/{membership_of(people.alice).pk}/").content.decode()
    assert "alice is the last administrator of the account" in page
