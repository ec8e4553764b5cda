"""Inviting by a link."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.test import Client

from imsconsole.accounts import rules
from imsconsole.accounts.models import Invitation, Role
from imsconsole.accounts.services.members import add_member
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from tests.accounts.conftest import actions, invited
from tests.conftest import client_of

LINK = re.compile(r"http://testserver/invitations/([\w-]{43})/")


def test_only_an_administrator_may(people) -> None:
    assert rules.can_invite(people.alice)
    assert rules.can_invite(people.bob).code == "administrators-only"
    assert rules.can_invite(people.dave).code == "administrators-only"


def test_the_service_asks_the_rule(people) -> None:
    with pytest.raises(Refused):
        invited(people.bob)
    assert not Invitation.objects.exists()


def test_an_administrator_cannot_be_kept_to_some_projects(people, east) -> None:
    with pytest.raises(Refused, match="administrator-everywhere"):
        invited(people.alice, role=Role.ADMINISTRATOR, projects=[east])
    with pytest.raises(Refused, match="administrator-everywhere"):
        add_member(user=people.carol.user, role=Role.ADMINISTRATOR, projects=[east], actor=people.alice)


def test_the_link_is_shown_once_and_only_its_hash_is_kept(people) -> None:
    client = client_of(people.alice)
    response = client.post("/project/invite/", {"role": "read-only", "note": "Erin"})
    secret = LINK.search(response.content.decode())[1]
    invitation = Invitation.objects.get()
    assert invitation.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert "no-store" in response["Cache-Control"]
    assert not LINK.search(client.get("/project/").content.decode())
    assert actions() == ["inviteMember"]


def test_it_expires_after_the_days_of_the_setting(people, settings) -> None:
    settings.IMS_INVITATION_DAYS = 3
    _secret, invitation = invited(people.alice)
    assert timedelta(days=2, hours=23) < invitation.expires_at - now() <= timedelta(days=3)


def test_a_form_that_does_not_fit_comes_back_with_what_is_wrong(people, east) -> None:
    data = {"role": "administrator", "projects": [east.pk]}
    response = client_of(people.alice).post("/project/invite/", data)
    assert response.status_code == 422
    assert "An administrator works in all projects" in response.content.decode()


def test_projects_of_another_account_cannot_be_chosen(people) -> None:
    data = {"role": "read-only", "projects": [people.carol.project.pk]}
    assert client_of(people.alice).post("/project/invite/", data).status_code == 422


@pytest.mark.parametrize("name", ["bob", "dave"])
def test_others_of_the_account_are_refused_with_a_sentence(people, name) -> None:
    client = client_of(getattr(people, name))
    for response in (client.get("/project/invite/"), client.post("/project/invite/", {"role": "read-only"})):
        assert response.status_code == 409
        assert "Only administrators of the account can do this." in response.content.decode()
    assert not Invitation.objects.exists()


def test_an_administrator_of_another_account_invites_to_that_one(people) -> None:
    client_of(people.carol).post("/project/invite/", {"role": "read-only"})
    assert Invitation.objects.get().account == people.carol.account


@pytest.mark.django_db
def test_signed_out_nobody_invites() -> None:
    assert Client().post("/project/invite/", {"role": "read-only"}).status_code == 302
    assert not Invitation.objects.exists()
