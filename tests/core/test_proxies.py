"""Whom the console believes about where a request comes from."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from imsconsole.audit.models import Event
from imsconsole.core.checks import check_proxies
from imsconsole.core.proxies import TrustedProxyMiddleware, client_address, household_of
from imsconsole.processes.web import OPTIONS
from tests.conftest import client_of

OURS = [ip_network("127.0.0.1"), ip_network("10.0.0.0/24"), ip_network("fd00::/64")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # no proxy of ours: what it says does not count
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.1, 198.51.100.1", "198.51.100.1"),  # the left one was written by the client
        ("127.0.0.1", "192.0.2.1, 198.51.100.1, 10.0.0.7", "198.51.100.1"),  # two proxies
        ("127.0.0.1", "10.0.0.8, 10.0.0.7", "10.0.0.8"),  # from the house itself
        ("127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, <b>, 10.0.0.7", "10.0.0.7"),
        ("127.0.0.1", "198.51.100.1:50312", "198.51.100.1"),
        ("127.0.0.1", "[2001:db8::5]:50312", "2001:db8::5"),
        ("::ffff:127.0.0.1", "2001:db8::5", "2001:db8::5"),
        ("fd00::2", "::ffff:198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_client_is_the_right_most_hop_that_is_no_proxy_of_ours(peer, forwarded, client) -> None:
    assert client_address(peer, forwarded, OURS) == client


def test_neighbours_in_a_64_are_one_household() -> None:
    assert household_of("2001:db8::5") == household_of("2001:db8::ffff:6") == "2001:db8::"
    assert household_of("2001:db8:0:1::5") == "2001:db8:0:1::"
    assert household_of("198.51.100.1") == "198.51.100.1"
    assert household_of("") == ""


TOLD = {
    "X-Forwarded-For": "192.0.2.1, 198.51.100.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example, ims.example.org",
}


def seen(peer: str) -> HttpRequest:
    """A request from `peer` as the rest of the console has it."""
    found: list[HttpRequest] = []

    def keep(request: HttpRequest) -> HttpResponse:
        found.append(request)
        return HttpResponse()

    request = RequestFactory().get("/", headers=TOLD, REMOTE_ADDR=peer, HTTP_HOST="localhost")
    TrustedProxyMiddleware(keep)(request)
    return found[0]


@pytest.fixture
def proxies(settings: Any) -> Any:
    settings.IMS_TRUSTED_PROXIES = OURS
    settings.ALLOWED_HOSTS = ["localhost", "testserver", "ims.example.org"]
    return settings


@pytest.mark.usefixtures("proxies")
def test_a_trusted_proxy_says_address_scheme_and_host() -> None:
    request = seen("127.0.0.1")
    assert request.META["REMOTE_ADDR"] == "198.51.100.1"
    assert request.build_absolute_uri("/x") == "https://ims.example.org/x"
    assert request.is_secure()


@pytest.mark.usefixtures("proxies")
def test_of_anybody_else_nothing_is_believed() -> None:
    request = seen("203.0.113.9")
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"
    assert request.build_absolute_uri("/x") == "http://localhost/x"
    assert not any(name.startswith("HTTP_X_FORWARDED") for name in request.META)


def test_without_the_setting_nobody_is_believed_with_https_neither(settings) -> None:
    settings.IMS_HTTPS = True
    assert seen("127.0.0.1").META["REMOTE_ADDR"] == "127.0.0.1"
    assert not seen("127.0.0.1").is_secure()
    assert [found.id for found in check_proxies()] == ["ims.W003"]
    settings.IMS_TRUSTED_PROXIES = OURS
    assert check_proxies() == []


def test_the_web_server_believes_nobody_by_itself() -> None:
    """gunicorn takes whatever comes from 127.0.0.1 for a proxy of its own."""
    assert OPTIONS["forwarded_allow_ips"] == ""


@pytest.mark.usefixtures("proxies")
def test_the_trail_has_the_address_of_the_person(people) -> None:
    client = client_of(people.dave, REMOTE_ADDR="127.0.0.1", headers=TOLD)
    assert client.post("/project/invite/", {}).status_code == 409
    assert Event.objects.get().address == "198.51.100.1"


@pytest.mark.django_db
def test_a_host_of_a_proxy_that_is_not_ours_is_refused(proxies) -> None:
    told = {"X-Forwarded-Host": "evil.example"}
    assert Client(REMOTE_ADDR="127.0.0.1", headers=told).get("/accounts/login/").status_code == 400
    assert Client(REMOTE_ADDR="203.0.113.9", headers=told).get("/accounts/login/").status_code == 200
