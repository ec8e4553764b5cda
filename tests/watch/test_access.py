"""Who may read the numbers, and what they never tell."""

import re
from ipaddress import ip_network

import pytest
from django.test import Client, RequestFactory

from images.models import Upload
from imsconsole.accounts.models import Region
from imsconsole.accounts.resources import TITLES
from imsconsole.cloud.models import Server
from imsconsole.jobs.models import Job
from imsconsole.jobs.periodic import all_periodic
from imsconsole.watch.alone import answer
from tests.conftest import client_of
from tests.house.test_urls import SECRET, things  # noqa: F401
from tests.watch.numbers import BEARER, told

pytestmark = pytest.mark.django_db
PATHS = ["/metrics", "/metrics/here"]
OTHER_TOKENS = ("watchers-toke", "watchers-token2", "", "Bearer")


def status(path: str, client: Client | None = None, **asked: object) -> int:
    return (client or Client()).get(path, **asked).status_code


@pytest.mark.parametrize("path", PATHS)
def test_who_shows_the_token_may(path: str) -> None:
    response = Client().get(path, headers=BEARER)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")


@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_may_however_they_are_signed_in(path: str, people, operator) -> None:
    admin = Client()
    admin.force_login(operator)
    for client in (Client(), client_of(people.alice), client_of(people.carol), admin):
        answers = [status(path, client)]
        answers += [
            status(path, client, headers={"Authorization": f"Bearer {other}"}) for other in OTHER_TOKENS
        ]
        answers += [status(path, client, headers={"Authorization": f"Basic {BEARER['Authorization'][7:]}"})]
        assert set(answers) == {403}


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_and_addresses_there_is_nothing(path: str, settings) -> None:
    settings.IMS_METRICS_TOKEN = ""
    assert status(path) == 404
    assert status(path, headers={"Authorization": "Bearer "}) == 404
    assert status(path, headers=BEARER) == 404


@pytest.mark.parametrize(
    ("address", "expected"), [("10.0.0.7", 200), ("10.0.1.7", 403), ("::ffff:10.0.0.7", 200)]
)
def test_who_asks_from_an_address_may(address: str, expected: int, settings) -> None:
    settings.IMS_METRICS_TOKEN = ""
    settings.IMS_METRICS_ADDRESSES = [ip_network("10.0.0.0/24")]
    assert status("/metrics", REMOTE_ADDR=address) == expected
    no_token = {"Authorization": "Bearer "}
    assert status("/metrics", REMOTE_ADDR=address, headers=no_token) == expected


def test_an_address_is_what_a_trusted_proxy_says_and_nobody_else(settings) -> None:
    settings.IMS_METRICS_TOKEN = ""
    settings.IMS_METRICS_ADDRESSES = [ip_network("10.0.0.7")]
    said = {"X-Forwarded-For": "10.0.0.7"}
    assert status("/metrics", REMOTE_ADDR="192.0.2.1", headers=said) == 403
    settings.IMS_TRUSTED_PROXIES = [ip_network("192.0.2.1")]
    assert status("/metrics", REMOTE_ADDR="192.0.2.1", headers=said) == 200
    assert status("/metrics", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": "10.0.0.8"}) == 403


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"HTTP_AUTHORIZATION": BEARER["Authorization"]}, "200 OK"),
        ({"HTTP_AUTHORIZATION": "Bearer x"}, "403 Forbidden"),
        ({}, "403 Forbidden"),
    ],
)
def test_a_host_of_workers_alone_tells_the_same_askers(asked: dict[str, str], expected: str) -> None:
    begun: list[str] = []
    environ = RequestFactory().get("/metrics", **asked).environ
    body = b"".join(answer(environ, lambda status, headers: begun.append(status)))
    assert begun == [expected]
    assert (b"ims_folder_free_bytes" in body) == (expected == "200 OK")


def test_they_name_nothing_of_anybodys_and_labels_are_few(things, people, operator) -> None:  # noqa: F811
    """There is one of each thing of a project, and each page was asked for it."""
    client = client_of(people.alice)
    for place, thing in (
        ("images", things["image_id"]),
        ("servers", things["server_id"]),
        ("jobs", things["job_id"]),
    ):
        client.get(f"/{place}/{thing}/")
    client.get(f"/{SECRET}/")
    Client().post("/accounts/login/", {"login": f"{SECRET}-name", "password": SECRET})
    numbers = told()
    text = repr(numbers)
    assert SECRET not in text
    ids = [*map(str, things.values()), *(str(value).replace("-", "") for value in things.values())]
    assert [each for each in ids if len(each) > 30 and each in text] == []
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|\d+\.\d+\.\d+\.\d+|alice|acme|globex", text)
    known = {
        "state": {*Job.State.values, *Server.Status.values, *Upload.State.values},
        "resource": set(TITLES),
        "region": set(Region.objects.values_list("code", flat=True)),
        "work": {each.name.partition("@")[0] for each in all_periodic()} | {"a.clock"},
        "status": {f"{number}xx" for number in range(1, 6)},
        "queue": {"quick", "bulk"},
        "folder": {"data", "uploads", "database"},
    }
    for name, values in known.items():
        found = {each.labels[name] for each in numbers if name in each.labels}
        assert found <= values, name
    assert {name for each in numbers for name in each.labels} <= known.keys() | {
        "kind", "view", "le", "version", "python", "database", "error", "engine", "code", "result", "process",
    }  # fmt: skip
