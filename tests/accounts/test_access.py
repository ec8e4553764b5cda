"""The first line of every page."""

import pytest
from django.test import Client

from imsconsole.accounts.models import Account, Membership
from tests import factories
from tests.conftest import bare_client_of, client_of


@pytest.mark.django_db
def test_who_is_signed_out_goes_to_sign_in_and_comes_back() -> None:
    response = Client().get("/project/?sort=role")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/project/%3Fsort%3Drole"


@pytest.mark.django_db
def test_htmx_is_sent_to_sign_in_as_a_whole_page_and_back_to_the_page_it_was_on() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/project/?sort=role"}
    response = Client().get("/project/", headers=headers)
    assert response["HX-Redirect"] == "/accounts/login/?next=/project/%3Fsort%3Drole"


@pytest.mark.django_db
def test_a_form_sent_after_signing_out_does_not_come_back_to_an_address_that_only_takes_posts() -> None:
    assert Client().post("/project/leave/")["Location"] == "/accounts/login/?next=/"


def test_who_is_in_no_project_reads_so(people) -> None:
    Membership.objects.filter(user=people.bob.user).delete()
    response = bare_client_of(people.bob).get("/")
    assert response.status_code == 403
    assert "You are not in a project yet" in response.content.decode()


def test_who_is_in_no_project_still_reaches_the_own_settings(people) -> None:
    Membership.objects.filter(user=people.bob.user).delete()
    assert bare_client_of(people.bob).get("/me/").status_code == 200


def test_a_member_of_an_account_without_projects_is_in_no_project(db) -> None:
    user = factories.UserFactory()
    factories.MembershipFactory(user=user, account=Account.objects.create(name="empty"))
    client = Client()
    client.force_login(user)
    assert client.get("/").status_code == 403


@pytest.mark.parametrize("name", ["alice", "bob", "dave", "carol"])
def test_every_member_sees_the_first_page(people, name) -> None:
    response = client_of(getattr(people, name)).get("/")
    assert response.status_code == 200
    assert str(getattr(people, name).project) in response.content.decode()
