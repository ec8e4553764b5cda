"""The page behind an invitation link."""

import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from imsconsole.accounts.actor import Actor, projects_of
from imsconsole.accounts.models import Membership, User
from imsconsole.accounts.services.invitations import accept_invitation
from imsconsole.audit.models import Event
from imsconsole.core import now as clock
from imsconsole.core.errors import NotFound
from imsconsole.core.rules import Refused
from tests.accounts.conftest import PASSWORD, actions, invited
from tests.conftest import client_of


def newcomer(name: str = "erin", **more: str) -> dict[str, str]:
    return {"username": name, "password1": PASSWORD, "password2": PASSWORD, **more}


def test_a_newcomer_chooses_name_and_password_and_is_in(people) -> None:
    secret, invitation = invited(people.alice, role="read-only")
    client = Client()
    page = client.get(f"/invitations/{secret}/").content.decode()
    assert "alice invites you to the account acme" in page
    assert "at least 8 characters" in page
    response = client.post(f"/invitations/{secret}/", newcomer(display_name="Erin"))
    assert response.status_code == 302
    assert str(people.alice.project) in client.get(response["Location"]).content.decode()
    member = Membership.objects.get(user__username="erin")
    assert (member.account, member.role, str(member.user)) == (people.alice.account, "read-only", "Erin")
    assert member.user.check_password(PASSWORD)
    invitation.refresh_from_db()
    assert invitation.accepted_by == member.user
    assert actions()[-1] == "acceptInvitation"
    assert Event.objects.latest("pk").user == member.user


def test_looking_at_it_makes_no_session(people) -> None:
    secret, _invitation = invited(people.alice)
    Client().get(f"/invitations/{secret}/")
    Client().post(f"/invitations/{secret}/", newcomer(password2="other"))
    assert not Session.objects.exists()


def test_who_has_a_user_joins_with_it(people) -> None:
    secret, _invitation = invited(people.alice)
    client = client_of(people.carol)
    assert "You are signed in as carol." in client.get(f"/invitations/{secret}/").content.decode()
    client.post(f"/invitations/{secret}/")
    assert str(people.alice.project.pk) in client.get("/project/").content.decode()


def test_it_can_be_for_some_projects_only(people, east) -> None:
    secret, _invitation = invited(people.alice, projects=[east])
    Client().post(f"/invitations/{secret}/", newcomer())
    assert list(projects_of(User.objects.get(username="erin"))) == [east]


def test_it_works_once(people) -> None:
    secret, _invitation = invited(people.alice)
    Client().post(f"/invitations/{secret}/", newcomer())
    for response in (
        Client().get(f"/invitations/{secret}/"),
        Client().post(f"/invitations/{secret}/", newcomer("frank")),
    ):
        assert response.status_code == 409
        assert "This invitation has already been used." in response.content.decode()
    assert not User.objects.filter(username="frank").exists()


def test_it_expires(people) -> None:
    secret, _invitation = invited(people.alice)
    clock.move(timedelta(days=8))
    response = Client().post(f"/invitations/{secret}/", newcomer())
    assert response.status_code == 409
    assert "This invitation has expired." in response.content.decode()
    assert not User.objects.filter(username="erin").exists()


@pytest.mark.django_db
def test_a_guessed_link_is_not_found() -> None:
    assert Client().get("/invitations/guess/").status_code == 404


def test_a_member_reads_so_and_leaves_the_link_for_someone_else(people) -> None:
    secret, invitation = invited(people.alice)
    response = client_of(people.bob).post(f"/invitations/{secret}/")
    assert response.status_code == 409
    assert "You are already a member" in response.content.decode()
    with pytest.raises(Refused):
        accept_invitation(invitation=invitation, actor=people.bob)
    with pytest.raises(NotFound):
        accept_invitation(invitation=invitation, actor=Actor(None, people.bob.project, "full-access"))
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (newcomer("ALICE"), "This user name is taken."),
        (newcomer("no spaces"), "Enter a valid username."),
        (newcomer(password2="another"), "The two passwords differ."),
        (newcomer(password1="short", password2="short"), "This password is too short."),
        (newcomer(password1="password1234", password2="password1234"), "This password is too common."),
        (newcomer("erin-thecarpenter", password1="erin-thecarpenter"), "too similar to the username"),
    ],
)
def test_a_form_that_does_not_fit_comes_back_with_what_is_wrong(people, data, sentence) -> None:
    secret, _invitation = invited(people.alice)
    response = Client().post(f"/invitations/{secret}/", data)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert User.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins(people) -> None:
    secret, _invitation = invited(people.alice)
    start, statuses = threading.Barrier(2), []

    def accept(name: str) -> None:
        start.wait()
        statuses.append(Client().post(f"/invitations/{secret}/", newcomer(name)).status_code)
        connection.close()

    threads = [threading.Thread(target=accept, args=(name,)) for name in ("erin", "frank")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [302, 409]
    assert User.objects.filter(username__in=["erin", "frank"]).count() == 1
