"""Opening a screen: who may, the token, the page."""

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse

from imsconsole.accounts.models import Membership
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import ScreenToken, Server
from imsconsole.cloud.screens.admission import Knock, TurnedAwayError, admit
from imsconsole.cloud.screens.place import is_trusted, screen_url
from imsconsole.cloud.screens.rules import can_operate_screen
from imsconsole.core import now as clock
from tests.cloud.servers.machines import REGION, running_server
from tests.conftest import client_of
from tests.factories import ServerFactory
from tests.support.screens import ORIGIN, cookies_of, token_for


def server_of(actor, status: str = "running") -> Server:
    return ServerFactory(project=actor.project, status=status, ref="there")


def knock_of(client: Client, server: Server, token: str, **other: str) -> Knock:
    plain = {"path": f"/{server.pk}", "origin": ORIGIN, "cookies": cookies_of(client), "token": token}
    return Knock(**{**plain, **other})


def turned_away(knock: Knock) -> int:
    with pytest.raises(TurnedAwayError) as away:
        admit(knock)
    return away.value.status


def test_who_writes_may_work_at_a_running_screen(people) -> None:
    server = server_of(people.bob)
    assert can_operate_screen(server, people.alice)
    assert can_operate_screen(server, people.bob)
    assert can_operate_screen(server, people.dave).code == "read-only"
    assert can_operate_screen(server_of(people.bob, "stopped"), people.bob).code == "server-not-running"


def test_a_token_is_kept_as_a_digest_and_leaves_a_trace(people) -> None:
    server, client = server_of(people.bob), client_of(people.bob)
    answer = client.post(
        reverse("servers:open-screen", args=[server.pk]), headers={"origin": ORIGIN, "host": "localhost:8000"}
    )
    assert answer.json()["url"] == f"ws://localhost:8001/{server.pk}"
    assert "no-store" in answer["Cache-Control"]
    token, row = answer.json()["token"], ScreenToken.objects.get()
    assert token not in (row.digest, row.session)
    assert client.session.session_key not in (row.digest, row.session)
    event = Event.objects.get()
    assert (event.action, event.resource_id) == ("openScreen", str(server.pk))
    assert token not in str(event.__dict__)


def test_nobody_else_gets_a_token(people) -> None:
    url = reverse("servers:open-screen", args=[server_of(people.bob).pk])
    assert client_of(people.dave).post(url).status_code == 409
    assert client_of(people.carol).post(url).status_code == 404
    assert client_of(None).post(url).status_code == 302
    assert client_of(people.bob).get(url).status_code == 405
    stopped = reverse("servers:open-screen", args=[server_of(people.bob, "stopped").pk])
    assert "not running" in client_of(people.bob).post(stopped).content.decode()
    assert not ScreenToken.objects.exists()


def test_only_what_belongs_together_comes_in(people) -> None:
    """Each of these would come in but for one thing."""
    server, client = server_of(people.bob), client_of(people.bob)
    token = token_for(client, server)
    assert turned_away(knock_of(client, server, token, cookies="")) == 401
    assert turned_away(knock_of(client, server, token, cookies="sessionid=made-up; a")) == 401
    assert turned_away(knock_of(client_of(people.bob), server, token)) == 403
    assert turned_away(knock_of(client_of(people.carol), server, token)) == 403
    assert turned_away(knock_of(client, server_of(people.bob), token)) == 403
    assert turned_away(knock_of(client, server, "made-up")) == 403
    assert turned_away(knock_of(client, server, token, path="/")) == 404
    for origin in ("https://evil.example", "", "null", "http://localhost:9000", "http://localhost:8000/x"):
        assert turned_away(knock_of(client, server, token, origin=origin)) == 403
    assert ScreenToken.objects.count() == 1
    # only the machine behind it is missing now; the token is gone all the same
    assert turned_away(knock_of(client, server, token)) == 404
    assert not ScreenToken.objects.exists()


def test_a_token_is_over_after_thirty_seconds(people) -> None:
    server, client = server_of(people.bob), client_of(people.bob)
    token = token_for(client, server)
    clock.move(timedelta(seconds=30))
    assert turned_away(knock_of(client, server, token)) == 403
    token_for(client, server)
    assert ScreenToken.objects.count() == 1


def test_what_changed_since_the_token_was_given_counts(people) -> None:
    server, client = server_of(people.bob), client_of(people.bob)
    token = token_for(client, server)
    Server.objects.update(status="stopped")
    assert turned_away(knock_of(client, server, token)) == 409
    Server.objects.update(status="running")
    token = token_for(client, server)
    Membership.objects.filter(user=people.bob.user).update(role="read-only")
    assert turned_away(knock_of(client, server, token)) == 403
    Membership.objects.filter(user=people.bob.user).update(role="full-access")
    token = token_for(client, server)
    Membership.objects.filter(user=people.bob.user).delete()
    assert turned_away(knock_of(client, server, token)) == 404


@pytest.mark.guest
def test_a_token_opens_its_screen_once(people, engine) -> None:
    server, client = running_server(people.bob), client_of(people.bob)
    token = token_for(client, server)
    guest = admit(knock_of(client, server, token, path=f"/screens/{server.pk}?x"))
    assert guest.endpoint == engine_for(REGION).console_endpoint(server.ref)
    assert turned_away(knock_of(client, server, token)) == 403


@pytest.mark.parametrize(
    ("origin", "trusted"),
    [
        ("http://localhost:8000", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:8000", True),
        ("https://ims.example.org", True),
        ("https://a.example.net:8443", True),
        ("http://a.example.net:8443", False),
        ("https://example.com", False),
        ("file://", False),
        ("http://[", False),
        ("http://user@localhost:8000", True),  # no browser sends that; it fits no token
    ],
)
@override_settings(CSRF_TRUSTED_ORIGINS=["https://ims.example.org", "https://*.example.net:8443"])
def test_origins_are_those_of_the_console(origin: str, trusted: bool) -> None:
    assert is_trusted(origin) is trusted


@pytest.mark.parametrize(
    ("setting", "host", "secure", "url"),
    [
        ("", "localhost:8000", False, "ws://localhost:8001/"),
        ("", "[::1]:8000", False, "ws://[::1]:8001/"),
        ("/screens/", "localhost", True, "wss://localhost/screens/"),
        ("wss://localhost/deep/", "localhost", True, "wss://localhost/deep/"),
    ],
)
def test_browsers_are_told_where_the_bridge_is(setting: str, host: str, secure: bool, url: str) -> None:
    request = RequestFactory().get("/", headers={"host": host}, secure=secure)
    with override_settings(IMS_SCREEN_URL=setting):
        assert screen_url(request, "id") == f"{url}id"


def test_the_page_may_connect_to_its_screen_and_nowhere_else(people) -> None:
    server = server_of(people.bob)
    url = reverse("servers:screen", args=[server.pk])
    answer = client_of(people.bob).get(url, headers={"host": "localhost:8000"})
    page, policy = answer.content.decode(), answer["Content-Security-Policy"]
    assert f"connect-src 'self' ws://localhost:8001/{server.pk};" in policy + ";"
    assert "unsafe" not in policy
    assert "data-screen" in page
    assert "js/screen.js" in page


def test_who_only_reads_sees_the_picture_and_why(people) -> None:
    url = reverse("servers:screen", args=[server_of(people.bob).pk])
    page = client_of(people.dave).get(url).content.decode()
    assert "Your role in this project is read-only" in page
    assert "data-screen" not in page
    assert 'id="server-screen"' in page
    assert client_of(people.carol).get(url).status_code == 404


@override_settings(NOVNC_FILES=None)
def test_without_novnc_the_page_names_the_package(people) -> None:
    page = client_of(people.bob).get(reverse("servers:screen", args=[server_of(people.bob).pk]))
    assert "package novnc is not installed" in page.content.decode()
    assert "js/screen.js" not in page.content.decode()
