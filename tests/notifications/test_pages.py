"""The list, the bell, marking as read, opening."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from imsconsole.accounts.models import Membership
from imsconsole.core import now as clock
from imsconsole.core.project_urls import bare
from imsconsole.notifications.models import Message
from tests import factories
from tests.conftest import bare_client_of, client_of
from tests.support.clients import at

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page(actor, query="", **headers) -> str:
    return client_of(actor).get(f"/messages/{query}", headers=headers).content.decode()


@pytest.mark.parametrize("name", ["alice", "bob", "dave", "carol"])
def test_everybody_reads_the_own_messages_only(people, tell, name):
    for other in ("alice", "bob", "dave", "carol"):
        tell(getattr(people, other), values={"job": "Import", "name": f"thing-of-{other}"})

    html = page(getattr(people, name))
    assert [other for other in ("alice", "bob", "dave", "carol") if f"thing-of-{other}" in html] == [name]


def test_the_list_can_show_what_is_unread(people, tell):
    tell(people.alice, values={"job": "Import", "name": "old-news"})
    Message.objects.mark_read()
    tell(people.alice, values={"job": "Import", "name": "fresh-news"})

    assert "old-news" in page(people.alice)
    assert "old-news" not in page(people.alice, "?show=unread")
    assert "fresh-news" in page(people.alice, "?show=unread")


def test_an_empty_list_says_what_comes_here(people):
    assert "No messages yet" in page(people.alice)
    assert "You have read everything" in page(people.alice, "?show=unread")


def test_the_bell_of_every_page_counts_what_is_unread(people, tell):
    client = client_of(people.alice)
    assert "Messages, 0 unread" in client.get("/jobs/").content.decode()
    tell(people.alice)
    tell(people.bob)
    assert "Messages, 1 unread" in client.get("/jobs/").content.decode()
    assert "Messages, 1 unread" in client.get("/messages/bell/", headers=HTMX).content.decode()
    assert bare(client.get("/messages/bell/")["Location"]) == "/messages/"


def test_a_bell_whose_reader_signed_out_leaves_the_page_alone(db, client):
    response = client.get("/messages/bell/", headers=HTMX)
    assert response.status_code == 204
    assert "HX-Redirect" not in response


def test_one_is_marked_as_read_and_the_list_comes_back_as_it_was(people, tell):
    first, second = tell(people.alice), tell(people.alice)
    here = at(people.alice.project, "/messages/?show=unread")
    response = client_of(people.alice).post(f"/messages/{first.pk}/read/", {"next": here})
    assert response["Location"] == here
    assert list(Message.objects.unread()) == [second]


def test_nobody_is_sent_elsewhere_by_a_form(people, tell):
    message = tell(people.alice)
    for target in ("https://evil.example/messages/", "//evil.example", "/images/"):
        response = client_of(people.alice).post(f"/messages/{message.pk}/read/", {"next": target})
        assert bare(response["Location"]) == "/messages/"


def test_all_are_marked_as_read_but_not_those_of_others(people, tell):
    tell(people.alice), tell(people.alice)
    kept = tell(people.bob)
    client_of(people.alice).post("/messages/read/")
    assert list(Message.objects.unread()) == [kept]


@pytest.mark.parametrize("what", ["read", "open"])
@pytest.mark.parametrize("name", ["bob", "dave", "carol"])
def test_what_was_said_to_somebody_else_does_not_exist(people, tell, what, name):
    message = tell(people.alice)
    assert client_of(getattr(people, name)).post(f"/messages/{message.pk}/{what}/").status_code == 404
    message.refresh_from_db()
    assert message.read_at is None


@pytest.mark.parametrize("what", ["read/", "open/"])
def test_looking_marks_nothing_as_read(people, tell, what):
    message = tell(people.alice)
    client = client_of(people.alice)
    client.get("/messages/")
    assert client.get(f"/messages/{message.pk}/{what}").status_code == 405
    assert client.get("/messages/read/").status_code == 405
    message.refresh_from_db()
    assert message.read_at is None


def test_a_message_leads_to_what_is_there(people, tell):
    server = factories.ServerFactory(project=people.alice.project)
    message = tell(people.alice, subject=("server", server.pk))
    address = f"/messages/{message.pk}/open/"
    assert address in page(people.alice)
    type(server).objects.filter(pk=server.pk).update(deleted_at=clock.now())
    assert address not in page(people.alice)


def test_a_message_of_no_project_leads_to_what_is_found_in_the_one_the_reader_is_in(people, tell):
    image = factories.ImageFactory(region=people.alice.region, project=None, category="public")
    message = tell(people.alice, subject=("image", image.pk))
    Message.objects.filter(pk=message.pk).update(project=None)
    assert f"/messages/{message.pk}/open/" in page(people.alice)


def test_opening_marks_as_read_and_goes_to_the_thing_in_its_project(people, tell):
    other = factories.ProjectFactory(account=people.alice.account, name="acme-other")
    server = factories.ServerFactory(project=other)
    message = tell(people.alice, subject=("server", server.pk))
    Message.objects.filter(pk=message.pk).update(project=other)
    client = client_of(people.alice)

    response = client.post(f"/messages/{message.pk}/open/")

    assert response["Location"] == at(other, server.get_absolute_url())
    shown = client.get(response["Location"])
    assert shown.status_code == 200
    assert "You are now in the project acme-other." in shown.content.decode()
    assert not Message.objects.unread().exists()


def test_who_left_the_account_is_not_let_in_by_an_old_message(people, tell):
    server = factories.ServerFactory(project=people.alice.project)
    message = tell(people.carol, subject=("server", server.pk))
    Message.objects.filter(pk=message.pk).update(project=people.alice.project)
    client = client_of(people.carol)

    response = client.post(f"/messages/{message.pk}/open/", follow=True)

    assert bare(response.redirect_chain[-1][0]) == "/messages/"
    assert "no longer a member" in response.content.decode()
    assert client.get(server.get_absolute_url()).status_code == 404


def test_who_is_in_no_project_can_still_read(people, tell):
    tell(people.carol, values={"job": "Import", "name": "last-words"})
    Membership.objects.filter(user=people.carol.user).delete()
    assert "last-words" in bare_client_of(people.carol).get("/messages/").content.decode()


def test_a_name_is_no_markup(people, tell):
    tell(people.alice, values={"job": "Import", "name": "<script>x</script>"})
    assert "<script>x" not in page(people.alice)


@pytest.mark.parametrize("query", ["?show=nonsense", "?page=0", "?page=99", "?per_page=x", "?sort=user"])
def test_a_strange_address_shows_the_list(people, tell, query):
    tell(people.alice)
    assert client_of(people.alice).get(f"/messages/{query}").status_code == 200


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_cost_of_list_and_bell_does_not_grow(people, tell):
    client = client_of(people.alice)
    tell(people.alice)
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/messages/?per_page=100").status_code == 200
        costs.append(len(captured))
        for _number in range(99):
            tell(people.alice)
    assert costs[0] == costs[1]
