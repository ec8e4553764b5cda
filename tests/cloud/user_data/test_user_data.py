"""Saved user data: rules, services, pages; and who reads the texts."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.cloud.models import UserData
from imsconsole.cloud.user_data import rules
from imsconsole.cloud.user_data.services import create_user_data, delete_user_data, edit_user_data
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.rules import Refused
from tests.conftest import client_of
from tests.factories import UserDataFactory
from tests.support.files import file_of

TEXT = "#!/bin/sh\necho hello-from-me\n"


def saved(people, **fields) -> UserData:
    return UserDataFactory(project=people.bob.project, **{"name": "setup", "text": TEXT, **fields})


# rules and services -----------------------------------------------------------------------------------


def test_a_text_is_saved_under_a_name_that_is_free_in_the_project(people):
    made = create_user_data(name="setup", text=TEXT, actor=people.bob)
    assert (made.text, made.created_by, made.project) == (TEXT, people.bob.user, people.bob.project)
    with pytest.raises(Refused, match="user-data-name"):
        create_user_data(name="setup", text="other", actor=people.alice)
    create_user_data(name="setup", text=TEXT, actor=people.carol)
    create_user_data(name="second", text=TEXT, actor=people.bob)
    with pytest.raises(Refused, match="read-only"):
        create_user_data(name="two", text=TEXT, actor=people.dave)
    with pytest.raises(ValidationError):
        create_user_data(name="two words", text=TEXT, actor=people.bob)


def test_a_text_is_no_longer_than_what_servers_take(people):
    create_user_data(name="most", text="ü" * (16 * 1024), actor=people.bob)
    with pytest.raises(Refused, match="user-data-size"):
        create_user_data(name="more", text="ü" * (16 * 1024) + "x", actor=people.bob)


def test_a_project_saves_a_limited_number(people, monkeypatch):
    monkeypatch.setattr(rules, "MOST_OF_A_PROJECT", 2)
    for name in ("one", "two"):
        saved(people, name=name)
    UserDataFactory(name="theirs")
    with pytest.raises(Refused, match="user-data-count"):
        create_user_data(name="three", text=TEXT, actor=people.bob)
    answer = client_of(people.bob).post(reverse("userdata:create"), {"name": "three", "text": TEXT})
    assert (answer.status_code, UserData.objects.count()) == (409, 3)
    assert "saves at most 2 pieces" in client_of(people.bob).get(reverse("userdata:list")).content.decode()


def test_it_is_changed_and_deleted_by_the_project_alone_and_leaves_no_text_in_the_trail(people):
    made = create_user_data(name="setup", text=TEXT, actor=people.bob)
    for act in (lambda actor: edit_user_data(made, name="x", text="x", actor=actor), lambda actor: delete_user_data(made, actor=actor)):  # fmt: skip
        with pytest.raises(NotFound):
            act(people.carol)
        with pytest.raises(Refused, match="read-only"):
            act(people.dave)
    changed = edit_user_data(made, name="boot", text="#cloud-config\n", actor=people.alice)
    assert (changed.name, changed.text, changed.created_by) == ("boot", "#cloud-config\n", people.bob.user)
    assert changed.updated_at > changed.created_at
    with pytest.raises(Refused, match="user-data-name"):
        edit_user_data(saved(people, name="y"), name="boot", text=TEXT, actor=people.bob)
    delete_user_data(changed, actor=people.bob)
    told = [event for event in Event.objects.order_by("at", "pk") if event.resource_type == "userdata"]
    assert [event.action for event in told] == ["createUserData", "updateUserData", "deleteUserData"]
    assert {event.resource_id for event in told} == {str(made.pk)}
    assert not any("hello-from-me" in str(vars(event)) for event in told)


def test_nobodys_change_is_written_over_unseen(people):
    made = saved(people)
    seen = {"name": "setup", "text": TEXT}
    edit_user_data(made, name="setup", text="of alice", seen=seen, actor=people.alice)
    with pytest.raises(Conflict):
        edit_user_data(made, name="setup", text="of bob", seen=seen, actor=people.bob)


# pages ------------------------------------------------------------------------------------------------


def test_it_is_saved_changed_and_deleted_on_its_pages(people):
    bob, listed = client_of(people.bob), reverse("userdata:list")
    assert "No saved user data yet" in bob.get(listed).content.decode()
    assert bob.post(reverse("userdata:create"), {"name": "setup", "text": ""}).status_code == 422
    typed = {"name": "setup", "text": TEXT.replace("\n", "\r\n")}
    assert bob.post(reverse("userdata:create"), typed)["Location"].endswith(listed)
    made = UserData.objects.get()
    assert made.text == TEXT, "as systems expect it, not as browsers send it"
    page = bob.get(listed).content.decode()
    assert "setup" in page
    assert "hello-from-me" not in page

    url = reverse("userdata:edit", args=[made.pk])
    assert "hello-from-me" in bob.get(url).content.decode()
    assert bob.post(url, {"name": "", "text": TEXT}).status_code == 422
    assert bob.post(url, {"name": "boot", "text": "#!"}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.text) == ("boot", "#!")

    url = reverse("userdata:delete", args=[made.pk])
    assert "Delete user data “boot”?" in bob.get(url).content.decode()
    assert bob.post(url).status_code == 302
    assert not UserData.objects.exists()


def test_after_a_conflict_both_texts_are_shown(people):
    made, bob = saved(people), client_of(people.bob)
    url = reverse("userdata:edit", args=[made.pk])
    seen = {"initial-name": "setup", "initial-text": TEXT}
    edit_user_data(made, name="setup", text="of alice", actor=people.alice)
    answer = bob.post(url, {"name": "setup", "text": "of bob", **seen})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "of alice" in page
    assert "of bob" in page
    made.refresh_from_db()
    assert made.text == "of alice"


def test_who_only_reads_sees_names_and_no_text(people):
    made, dave = saved(people), client_of(people.dave)
    url = reverse("userdata:edit", args=[made.pk])
    for page in (reverse("userdata:list"), url):
        text = dave.get(page).content.decode()
        assert "setup" in text
        assert "hello-from-me" not in text
    assert dave.post(url, {"name": "x", "text": "x"}).status_code == 409
    assert dave.post(reverse("userdata:create"), {"name": "x", "text": "x"}).status_code == 409
    assert dave.post(reverse("userdata:delete", args=[made.pk])).status_code == 409
    assert not UserData.objects.readable_by(people.dave).exists()


def test_another_account_finds_none_of_it(people):
    made, carol = saved(people), client_of(people.carol)
    for name in ("edit", "delete"):
        url = reverse(f"userdata:{name}", args=[made.pk])
        assert (carol.get(url).status_code, carol.post(url).status_code) == (404, 404)
    page = carol.get(reverse("userdata:list"))
    assert page.context["table"].total == 0
    assert file_of(people.carol, "userdata") == []
    assert client_of(None).get(reverse("userdata:list")).status_code == 302


def test_the_file_says_what_there_is_and_no_text(people):
    made = saved(people, created_by=people.bob.user)
    (row,) = file_of(people.dave, "userdata", "zh-hans")
    assert (row["名称"], row["ID"], row["字符数"]) == ("setup", str(made.pk), str(len(TEXT)))
    assert "hello-from-me" not in str(row)
    assert file_of(people.bob, "userdata", q="nothing") == []


def test_the_list_costs_the_same_for_1_and_100(people):
    client, url = client_of(people.bob), reverse("userdata:list") + "?per_page=100"
    UserDataFactory(project=people.bob.project)
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    UserDataFactory.create_batch(99, project=people.bob.project, created_by=people.bob.user)
    with CaptureQueriesContext(connection) as hundred:
        client.get(url)
    assert len(hundred) == len(one) < 10
