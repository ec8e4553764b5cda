"""The operator's pages."""

import json

import pytest
from django.test import Client

from imsconsole.accounts.models import Account, Membership, Project, Role, User
from imsconsole.audit.models import Event
from tests import factories
from tests.accounts.conftest import actions, invited, membership_of
from tests.conftest import client_of


@pytest.fixture
def admin(operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def test_members_of_accounts_do_not_get_in(people) -> None:
    assert client_of(people.alice).get("/admin/").status_code == 302
    assert client_of(people.alice).get("/admin/accounts/user/").status_code == 302


@pytest.mark.parametrize(
    "model", ["user", "account", "project", "membership", "region", "availabilityzone", "invitation"]
)
def test_every_list_opens(admin, people, model) -> None:
    invited(people.alice)
    assert admin.get(f"/admin/accounts/{model}/").status_code == 200


@pytest.mark.parametrize("model", ["user", "account", "project", "membership", "region", "availabilityzone"])
def test_every_form_opens(admin, people, model) -> None:
    assert admin.get(f"/admin/accounts/{model}/add/").status_code == 200


def test_an_operator_makes_an_account_with_a_project_and_its_first_administrator(admin, people) -> None:
    account = Account.objects.create(name="initech")
    project = factories.ProjectFactory(account=account)
    data = {"user": people.bob.user.pk, "account": account.pk, "role": "administrator"}
    assert admin.post("/admin/accounts/membership/add/", data).status_code == 302
    member = Membership.objects.get(account=account)
    assert (member.user, member.role) == (people.bob.user, Role.ADMINISTRATOR)
    event = Event.objects.get(action="addMember")
    assert (event.user.username, event.project) == ("admin", project)


def test_an_account_without_a_project_says_what_to_do_first(admin, people) -> None:
    account = Account.objects.create(name="initech")
    data = {"user": people.bob.user.pk, "account": account.pk, "role": "administrator"}
    response = admin.post("/admin/accounts/membership/add/", data)
    assert "Create a project of this account first." in response.content.decode()


def test_a_role_is_changed_by_the_service(admin, people) -> None:
    url = f"/admin/accounts/membership/{membership_of(people.dave).pk}/change/"
    assert admin.post(url, {"role": "full-access"}).status_code == 302
    assert membership_of(people.dave).role == "full-access"
    assert actions() == ["changeMember"]


def test_even_the_operator_does_not_remove_the_last_administrator(admin, people) -> None:
    alice = membership_of(people.alice)
    changed = admin.post(f"/admin/accounts/membership/{alice.pk}/change/", {"role": "read-only"})
    removed = admin.post(f"/admin/accounts/membership/{alice.pk}/delete/", {"post": "yes"})
    assert (changed.status_code, removed.status_code) == (409, 409)
    assert membership_of(people.alice).role == Role.ADMINISTRATOR


def test_people_are_deactivated_not_deleted(admin, people) -> None:
    assert (
        admin.post(f"/admin/accounts/user/{people.bob.user.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    assert User.objects.filter(username="bob").exists()


@pytest.mark.parametrize(
    ("quotas", "status"), [({"images": 3}, 302), ({"imagse": 3}, 200), ({"images": -1}, 200), ([1], 200)]
)
def test_quotas_are_checked(admin, people, quotas, status) -> None:
    project = people.alice.project
    data = {"name": project.name, "quotas": json.dumps(quotas)}
    response = admin.post(f"/admin/accounts/project/{project.pk}/change/", data)
    assert response.status_code == status
    assert (Project.objects.get(pk=project.pk).quotas == quotas) == (status == 302)


def test_invitations_are_only_to_look_at(admin, people) -> None:
    _secret, invitation = invited(people.alice)
    page = admin.get(f"/admin/accounts/invitation/{invitation.pk}/change/").content.decode()
    assert invitation.secret_sha256 not in page
    assert admin.get("/admin/accounts/invitation/add/").status_code == 403
    assert (
        admin.post(f"/admin/accounts/invitation/{invitation.pk}/delete/", {"post": "yes"}).status_code == 403
    )
