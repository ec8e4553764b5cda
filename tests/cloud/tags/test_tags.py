"""Tags of servers and disks: who may change them, the page, the list and its file. What may be typed is asked of images."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.cloud.disks.rules import can_tag_disk
from imsconsole.cloud.disks.services import TAGS as DISK_TAGS
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.rules import can_tag_server
from imsconsole.cloud.servers.services import TAGS as SERVER_TAGS
from imsconsole.core.errors import Conflict
from imsconsole.core.rules import Refused
from tests.cloud.disks.disks import free_disk
from tests.conftest import client_of
from tests.factories import ServerFactory

pytestmark = pytest.mark.django_db


def a_server(actor, **kwargs):
    return ServerFactory(project=actor.project, **kwargs)


KINDS = {
    "servers": (a_server, can_tag_server, SERVER_TAGS, Server),
    "disks": (free_disk, can_tag_disk, DISK_TAGS, Disk),
}
each_kind = pytest.mark.parametrize("room", KINDS)


def rows(*pairs, seen=""):
    return {
        "initial-tags": seen,
        "tags-key": [key for key, _ in pairs],
        "tags-value": [value for _, value in pairs],
    }


@each_kind
def test_writers_may_tag_whatever_is_not_being_deleted(people, room):
    make, rule, tagging, _ = KINDS[room]
    thing = make(people.bob)
    assert [rule(thing, actor).code for actor in (people.alice, people.bob, people.dave)] == [
        "",
        "",
        "read-only",
    ]
    with pytest.raises(Refused, match="read-only"):
        tagging.change(thing, tags={"env": "test"}, actor=people.dave)
    thing.status = "deleting"
    assert not rule(thing, people.bob)


@each_kind
def test_tags_are_changed_by_one_and_told_in_the_trail(people, room):
    make, _, tagging, model = KINDS[room]
    thing = make(people.bob)
    tagging.change(thing, tags={"env": "test", "old": ""}, actor=people.bob)
    tagging.change(thing, tags={"env": "prod"}, seen={"env": "test", "old": ""}, actor=people.alice)

    tagging.change(
        thing, tags={"env": "prod"}, seen={"env": "test", "old": ""}, actor=people.alice
    )  # sent twice
    assert model.objects.get(pk=thing.pk).tag_values == {"env": "prod"}
    events = Event.objects.about(model._meta.model_name, thing.pk).order_by("pk")
    assert [(event.action, event.sentence) for event in events] == [
        ("addTag", "env=test, old"),
        ("deleteTag", "old"),
        ("addTag", "env=test → env=prod"),
    ]
    with pytest.raises(Conflict):
        tagging.change(thing, tags={}, seen={"env": "test"}, actor=people.bob)
    with pytest.raises(Refused, match="too-many-tags"):
        tagging.change(thing, tags={f"k{n}": "" for n in range(11)}, actor=people.bob)


@each_kind
def test_the_form_gives_tags_which_lead_to_the_list(people, room):
    make, _, _, model = KINDS[room]
    thing, _other = make(people.bob), make(people.bob)
    client = client_of(people.bob)
    page = reverse(f"{room}:tag", args=[thing.pk])
    assert client.get(page).content.decode().count('name="tags-key"') == 3
    assert client.post(page, rows(("环境", "a&b"))).status_code == 302
    assert client.post(page, rows(("k" * 37, ""))).status_code == 422
    assert client.post(page, rows(("mine", ""), seen="theirs=1")).status_code == 409

    assert model.objects.get(pk=thing.pk).tag_values == {"环境": "a&b"}
    address = f"{reverse(f'{room}:list')}?tag=%E7%8E%AF%E5%A2%83=a%26b"
    assert address in client.get(thing.get_absolute_url()).content.decode()
    listed = client.get(f"{address}&columns=tags")
    assert [row.record.pk for row in listed.context["table"].paginated_rows] == [thing.pk]
    assert address in listed.content.decode()


@each_kind
def test_the_file_has_them(people, room):
    make, _, _, _ = KINDS[room]
    thing = make(people.bob)
    thing.tags.create(key="env", value="prod")
    thing.tags.create(key="a")
    answer = client_of(people.bob).get(reverse(f"{room}:export"))
    assert "a=; env=prod" in b"".join(answer.streaming_content).decode()


@each_kind
def test_who_only_reads_sees_why_and_a_stranger_finds_nothing(people, room):
    make, _, _, model = KINDS[room]
    thing = make(people.bob)
    page = reverse(f"{room}:tag", args=[thing.pk])
    assert "disabled" in client_of(people.dave).get(page).content.decode()
    assert client_of(people.dave).post(page, rows(("env", "prod"))).status_code == 409
    assert client_of(people.carol).get(page).status_code == 404
    assert client_of(people.carol).post(page, rows(("env", "prod"))).status_code == 404
    assert model.objects.get(pk=thing.pk).tag_values == {}


@each_kind
def test_a_list_with_its_tags_asks_one_query_more_however_many_there_are(people, room):
    make, _, _, _ = KINDS[room]
    client = client_of(people.bob)
    counts = []
    for _ in range(2):
        for _ in range(4):
            make(people.bob).tags.create(key="env")
        client.get(reverse(f"{room}:list"), {"columns": "tags"})
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse(f"{room}:list"), {"columns": "tags"})
        counts.append(len(asked))
    assert counts[0] == counts[1]
