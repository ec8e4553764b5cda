"""The first line of every page."""

from contextlib import ExitStack

import pytest
from django.test import Client

from imsconsole.accounts.actor import projects_of
from imsconsole.accounts.context import shell
from imsconsole.accounts.models import Account, Membership
from tests import factories
from tests.conftest import bare_client_of, client_of
from tests.support.plans import scans


@pytest.mark.django_db
def test_who_is_signed_out_goes_to_sign_in_and_comes_back() -> None:
    response = Client().get("/project/?sort=role")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/project/%3Fsort%3Drole"


def test_a_page_looks_for_the_own_projects_only_among_however_many(people) -> None:
    client = client_of(people.bob)
    with ExitStack() as stack:
        tables = ("accounts_project", "accounts_membership", "accounts_account")
        found = [stack.enter_context(scans(table)) for table in tables]
        assert client.get("/help/").status_code == 200
        assert client.get("/project/").status_code == 200
    assert found == [[], [], []]


def test_who_is_in_some_projects_by_one_membership_and_in_all_by_another_enters_each_once(people) -> None:
    south = factories.ProjectFactory(account=people.bob.account, region=people.bob.region)
    other = factories.ProjectFactory()
    factories.ProjectFactory(account=other.account)
    given = factories.MembershipFactory(user=people.bob.user, account=other.account)
    given.projects.add(other)
    found = projects_of(people.bob.user)
    assert {people.bob.project, south, other} <= set(found)
    assert len(found) == found.filter(account__in=[people.bob.account, other.account]).count()
    assert not found.filter(account=other.account).exclude(pk=other.pk).exists()


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


def test_who_is_removed_while_a_page_is_answered_still_gets_its_frame(people, rf) -> None:
    request = rf.get("/")
    request.user, request.actor = people.bob.user, people.bob
    Membership.objects.filter(user=people.bob.user).delete()
    frame = shell(request)
    assert (frame["switchable_projects"](), frame["unread_messages"]()) == ([], 0)


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
