"""Rename a server, and let it start with its host."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from imsconsole.cloud.servers.rules import can_rename
from imsconsole.cloud.servers.services import rename_server, set_auto_start
from imsconsole.core.rules import Refused
from tests.conftest import client_of
from tests.factories import ServerFactory


def test_every_server_can_be_renamed_but_one_that_is_being_deleted(people) -> None:
    server = ServerFactory(project=people.bob.project)
    for status in ("running", "stopped", "failed", "creating"):
        server.status = status
        assert can_rename(server, people.bob)
    server.status = "deleting"
    assert can_rename(server, people.bob).code == "server-busy"
    assert can_rename(server, people.dave).code == "read-only"


def test_the_service_checks_the_name_and_the_role(people) -> None:
    server = ServerFactory(project=people.bob.project, name="old", host_name="old")
    with pytest.raises(ValidationError):
        rename_server(server, name="no spaces", actor=people.bob)
    with pytest.raises(Refused):
        rename_server(server, name="new", actor=people.dave)
    rename_server(server, name="新-name_1.x", actor=people.bob)
    server.refresh_from_db()
    assert (server.name, server.host_name) == ("新-name_1.x", "old")


def test_the_page_renames(people) -> None:
    server = ServerFactory(project=people.bob.project, name="old")
    url = reverse("servers:rename", args=[server.pk])
    client = client_of(people.bob)
    assert b"old" in client.get(url).content
    assert client.post(url, {"name": "bad name"}).status_code == 422
    assert client.post(url, {"name": "good"}).status_code == 302
    server.refresh_from_db()
    assert server.name == "good"
    assert client_of(people.dave).post(url, {"name": "mine"}).status_code == 409
    assert client_of(people.carol).post(url, {"name": "mine"}).status_code == 404


def test_starting_with_the_host_is_switched_on_the_page(people) -> None:
    server = ServerFactory(project=people.bob.project)
    url = reverse("servers:auto-start", args=[server.pk])
    assert client_of(people.bob).post(url, {"auto_start": "on"}).status_code == 302
    server.refresh_from_db()
    assert server.auto_start
    assert client_of(people.dave).post(url, {"auto_start": "off"}).status_code == 409
    set_auto_start(server, auto_start=False, actor=people.alice)
    server.refresh_from_db()
    assert not server.auto_start
