"""Entering another project, and with it its region."""

import pytest

from tests.accounts.conftest import membership_of
from tests.conftest import client_of


@pytest.mark.parametrize("name", ["alice", "bob", "dave"])
def test_a_member_enters_another_project_of_the_account(people, east, name) -> None:
    client = client_of(getattr(people, name))
    response = client.post("/project/switch/", {"project": east.pk, "next": "/project/"})
    assert response.status_code == 302
    assert response["Location"] == "/project/"
    page = client.get("/project/").content.decode()
    assert str(east.pk) in page
    assert "cn-east-3" in page


def test_a_stranger_does_not_find_the_project(people, east) -> None:
    client = client_of(people.carol)
    assert client.post("/project/switch/", {"project": east.pk}).status_code == 404
    assert client.session["project"] == str(people.carol.project.pk)


@pytest.mark.parametrize("project", ["", "nonsense", "00000000-0000-4000-8000-000000000000"])
def test_a_project_that_does_not_exist_is_not_found(people, project) -> None:
    assert client_of(people.alice).post("/project/switch/", {"project": project}).status_code == 404


def test_it_keeps_the_session(people, east) -> None:
    client = client_of(people.alice)
    key = client.session.session_key
    client.post("/project/switch/", {"project": east.pk})
    assert client.session.session_key == key


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_it_leads_nowhere_outside(people, east, target) -> None:
    response = client_of(people.alice).post("/project/switch/", {"project": east.pk, "next": target})
    assert response["Location"] == "/"


def test_looking_does_not_switch(people, east) -> None:
    assert client_of(people.alice).get("/project/switch/", {"project": east.pk}).status_code == 405


def test_a_member_narrowed_to_a_project_cannot_enter_another(people, east) -> None:
    membership_of(people.bob).projects.set([people.bob.project])
    assert client_of(people.bob).post("/project/switch/", {"project": east.pk}).status_code == 404


def test_a_member_narrowed_meanwhile_is_no_longer_in_the_other_project(people, east) -> None:
    client = client_of(people.bob)
    client.post("/project/switch/", {"project": east.pk})
    membership_of(people.bob).projects.set([people.bob.project])
    assert str(people.bob.project.pk) in client.get("/project/").content.decode()
