"""The screen as a picture, and the console log."""

import pytest
from django.urls import reverse

from imsconsole.engine.types import Unwatched
from tests.cloud.servers.machines import WORD, running_server
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.factories import ServerFactory


@pytest.mark.guest
def test_who_sees_a_server_sees_its_screen_and_reads_its_log(people, engine) -> None:
    server = running_server(people.bob)
    wait_for(engine, server.ref, WORD)
    client = client_of(people.dave)
    picture = client.get(reverse("servers:screen-picture", args=[server.pk]))
    assert picture["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert "no-store" in picture["Cache-Control"]
    fragment = client.get(
        reverse("servers:screen", args=[server.pk]), headers={"hx-request": "true"}
    ).content.decode()
    assert "data:image/png;base64," in fragment
    assert 'hx-trigger="every 3s"' in fragment
    console = reverse("servers:console", args=[server.pk])
    page = client.get(console)
    assert WORD in page.content.decode()
    assert client.get(console, {"seen": page.context["seen"]}).status_code == 204
    text = client.get(reverse("servers:console-text", args=[server.pk]))
    assert text["Content-Type"].startswith("text/plain")
    assert WORD in text.content.decode()


def test_a_stopped_server_has_no_screen_but_a_friendly_word(people) -> None:
    server = ServerFactory(project=people.bob.project)
    client = client_of(people.bob)
    assert client.get(reverse("servers:screen-picture", args=[server.pk])).status_code == 409
    fragment = client.get(
        reverse("servers:screen", args=[server.pk]), headers={"hx-request": "true"}
    ).content.decode()
    assert "stopped" in fragment
    assert "hx-get" not in fragment
    assert client.get(reverse("servers:console", args=[server.pk])).status_code == 200


@pytest.mark.guest
def test_a_server_that_does_not_answer_still_has_a_page(people, engine) -> None:
    server = running_server(people.bob)
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    fragment = (
        client_of(people.bob)
        .get(reverse("servers:screen", args=[server.pk]), headers={"hx-request": "true"})
        .content.decode()
    )
    assert "data:image/png" not in fragment
