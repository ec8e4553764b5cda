"""Rows of services and of refused requests."""

import pytest

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Project
from imsconsole.accounts.services.invitations import invite_member
from imsconsole.audit.models import Event
from imsconsole.core.rules import Refused, refuse
from tests.accounts.conftest import membership_of
from tests.conftest import client_of


@service("renameProject")
def rename(*, name: str, actor: Actor) -> Project:
    Project.objects.filter(pk=actor.project.pk).update(name=name)
    if name == "forbidden":
        raise Refused(refuse("no", "No."))
    return actor.project


def test_a_service_leaves_who_did_what_to_which_thing_from_where(people) -> None:
    rename(name="new", actor=people.alice)
    event = Event.objects.get()
    assert (event.user, event.user_name, event.action) == (people.alice.user, "alice", "renameProject")
    assert (event.resource_type, event.resource_id) == ("project", str(people.alice.project.pk))
    assert (event.project, event.account, event.address) == (
        people.alice.project,
        people.alice.account,
        "192.0.2.1",
    )


def test_a_service_that_fails_leaves_neither_change_nor_row(people) -> None:
    with pytest.raises(Refused):
        rename(name="forbidden", actor=people.alice)
    assert Project.objects.get(pk=people.alice.project.pk).name == "acme-north"
    assert not Event.objects.exists()


def test_a_refused_request_leaves_a_row_with_its_reason(people) -> None:
    url = f"/project/members/{membership_of(people.dave).pk}/remove/"
    client_of(people.bob).post(url)
    event = Event.objects.get()
    assert (event.action, event.result, event.code) == ("remove-member", "warning", "administrators-only")
    assert (event.user, event.project, event.resource_name) == (people.bob.user, people.bob.project, url)
    assert event.sentence.startswith("Only administrators")


def test_something_not_found_leaves_a_row_too(people) -> None:
    client_of(people.carol).post(f"/project/members/{membership_of(people.dave).pk}/remove/")
    assert Event.objects.get().code == "404"


def test_looking_and_forms_to_be_filled_in_again_leave_none(people) -> None:
    client = client_of(people.alice)
    client.get("/project/members/999999/")
    client.post("/me/", {"theme": "nonsense"})
    assert not Event.objects.exists()


def test_the_secret_of_a_link_is_not_told_to_those_who_read_the_trail(people) -> None:
    invite_member(secret="s3cret", role="administrator", projects=[], note="", actor=people.alice)
    assert client_of(people.bob).post("/invitations/s3cret/").status_code == 409
    event = Event.objects.get(result="warning")
    assert (event.action, event.code, event.user) == ("invitation", "already-member", people.bob.user)
    assert "s3cret" not in str(Event.objects.values_list())
