"""The screen as a picture, and the console log: pages show what was seen last, the lookout looks."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse

from imsconsole.cloud.models import Glimpse, Server
from imsconsole.cloud.screens.lookout import Lookout, forget_glimpses, look_at, wanted_servers
from imsconsole.core import now as time
from imsconsole.engine.types import Power, ServerState, Unwatched
from tests.cloud.servers.machines import REGION, WORD, running_server
from tests.conftest import HTMX, client_of
from tests.engine.guests import wait_for
from tests.factories import ServerFactory
from tests.support.engines import UnreachableEngine, engine_of_region
from tests.support.faults import faulty_engine
from tests.support.workers import until

PNG = b"\x89PNG"


def look() -> None:
    for server in wanted_servers():
        look_at(server)


def fragment(client, server: Server, name: str = "screen") -> str:
    return client.get(reverse(f"servers:{name}", args=[server.pk]), headers=HTMX).content.decode()


def seeing(**engine) -> SimpleNamespace:
    """An engine of which no more is asked than what is seen of a server."""
    shown = {
        "states": lambda refs: {ref: ServerState(Power.RUNNING) for ref in refs},
        "screen": lambda ref: PNG,
        "console_log": lambda ref, **how: "a line\n",
    }
    return SimpleNamespace(**{**shown, **engine})


@pytest.fixture
def server(people) -> Server:
    return ServerFactory(project=people.bob.project, status="running", ref="there")


@pytest.mark.guest
def test_who_sees_a_server_sees_its_screen_and_reads_its_log(people, engine) -> None:
    server = running_server(people.bob)
    wait_for(engine, server.ref, WORD)
    client = client_of(people.dave)
    with faulty_engine() as watched:
        page = fragment(client, server)
        assert "comes in a moment" in page
        assert 'hx-trigger="every 3s"' in page
        assert client.get(reverse("servers:screen-picture", args=[server.pk])).status_code == 503
        assert watched.points == []
        look()
        assert watched.points == ["console_log:1", "screen:1", "states:1"]
        picture = client.get(reverse("servers:screen-picture", args=[server.pk]))
        assert picture["Content-Type"] == "image/png"
        assert picture.content.startswith(PNG)
        assert "no-store" in picture["Cache-Control"]
        assert "data:image/png;base64," in fragment(client, server)
        console = reverse("servers:console", args=[server.pk])
        page = client.get(console)
        assert WORD in page.content.decode()
        assert client.get(console, {"seen": page.context["seen"]}).status_code == 204
        assert WORD in client.get(server.get_absolute_url()).content.decode()
        assert len(watched.points) == 3


def test_a_stopped_server_has_no_screen_but_a_friendly_word(people) -> None:
    server = ServerFactory(project=people.bob.project)
    client = client_of(people.bob)
    assert client.get(reverse("servers:screen-picture", args=[server.pk])).status_code == 409
    assert "stopped" in fragment(client, server)
    assert "hx-get" not in fragment(client, server)
    assert "hx-get" not in fragment(client, server, "console")
    assert not Glimpse.objects.exists()


@pytest.mark.guest
def test_a_server_that_powers_off_is_seen_to_while_its_page_is_open(people, engine) -> None:
    server = running_server(people.bob)
    client = client_of(people.bob)
    client.get(server.get_absolute_url())
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    look()
    server.refresh_from_db()
    assert server.status == "stopped"
    assert "data:image/png" not in fragment(client, server)


def test_what_a_stopped_server_wrote_is_looked_at_as_well(people) -> None:
    server = ServerFactory(project=people.bob.project, status="stopped", ref="there")
    client = client_of(people.bob)
    assert "hx-get" in fragment(client, server, "console")
    with engine_of_region(REGION, seeing(states=lambda refs: {"there": ServerState(Power.STOPPED)})):
        look()
    assert "a line" in fragment(client, server, "console")
    assert "hx-get" not in fragment(client, server, "console")


def test_nobody_is_looked_at_whom_nobody_has_before_him(people, server) -> None:
    assert list(wanted_servers()) == []
    fragment(client_of(people.bob), server)
    assert list(wanted_servers()) == [server]
    with engine_of_region(REGION, seeing()):
        look()
    assert list(wanted_servers()) == []
    time.move(timedelta(seconds=3))
    assert list(wanted_servers()) == [server]
    time.move(timedelta(seconds=20))
    assert list(wanted_servers()) == []
    fragment(client_of(people.bob), server)
    assert list(wanted_servers()) == [server]


def test_a_page_that_asks_again_and_again_writes_now_and_then(
    people, server, django_assert_num_queries
) -> None:
    client = client_of(people.bob)
    fragment(client, server)
    first = Glimpse.objects.get().wanted_until
    fragment(client, server)
    assert Glimpse.objects.get().wanted_until == first
    time.move(timedelta(seconds=11))
    fragment(client, server)
    assert Glimpse.objects.get().wanted_until > first


def test_what_does_not_answer_is_said_and_what_was_written_stays(people, server) -> None:
    client = client_of(people.bob)
    fragment(client, server)
    with engine_of_region(REGION, seeing()):
        look()
    time.move(timedelta(seconds=3))
    with engine_of_region(REGION, UnreachableEngine()):
        look()
    page = client.get(server.get_absolute_url()).content.decode()
    assert "a line" in page
    assert "cannot be told now" in Glimpse.objects.get().error_sentence


def test_an_old_picture_says_when_it_was_seen(people, server) -> None:
    client = client_of(people.bob)
    fragment(client, server)
    with engine_of_region(REGION, seeing()):
        look()
    assert "it may look otherwise" not in fragment(client, server)
    time.move(timedelta(minutes=2))
    assert "Seen <time" in fragment(client, server)
    assert "it may look otherwise by now" in fragment(client, server, "console")
    time.move(timedelta(hours=2))
    forget_glimpses()
    assert not Glimpse.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_that_hangs_keeps_nobody_else_waiting(people, server) -> None:
    """It is not asked twice at once, and what is seen of the others is written."""
    other = ServerFactory(project=people.bob.project, status="running", ref="other")
    for each in (server, other):
        fragment(client_of(people.bob), each)
    let_go = threading.Event()
    calls = []

    def console_log(ref: str, **how) -> str:
        calls.append(ref)
        if ref == "there":
            let_go.wait()
        return "a line\n"

    with engine_of_region(REGION, seeing(console_log=console_log)):
        lookout = Lookout()
        looks = lookout.look_around()
        until(lambda: Glimpse.objects.get(pk=other.pk).seen_at is not None, "the other is seen")
        time.move(timedelta(seconds=3))
        looks += lookout.look_around()
        assert calls.count("there") == 1
        let_go.set()
        for look in looks:
            look.join()
    assert Glimpse.objects.get(pk=server.pk).log == "a line\n"


@pytest.mark.parametrize("name", ["detail", "screen", "serial"])
def test_without_scripts_a_page_asks_again_until_there_is_something_to_see(people, server, name: str) -> None:
    client, url = client_of(people.bob), reverse(f"servers:{name}", args=[server.pk])
    assert '<noscript><meta http-equiv="refresh"' in client.get(url).content.decode()
    with engine_of_region(REGION, seeing()):
        look()
    assert "http-equiv" not in client.get(url).content.decode()


def test_the_whole_log_is_the_bridge_s_to_send(people, server) -> None:
    client = client_of(people.dave)
    away = client.get(reverse("servers:console-text", args=[server.pk]), headers={"host": "localhost:8000"})
    assert away.status_code == 302
    assert away["Location"].startswith(f"http://localhost:8001/{server.pk}/console.txt?token=")
