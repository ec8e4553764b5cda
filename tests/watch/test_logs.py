"""From what a person reads on a page to the lines of the log, and from those of a request to those of its job."""

import io
import json
import logging.config
from collections.abc import Iterator
from contextvars import Context
from ipaddress import ip_network
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from imsconsole.core.logs import about
from imsconsole.core.periodic import Periodic
from imsconsole.jobs import periodic
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Heartbeat, Run
from tests.cloud.servers.machines import bootable_image
from tests.conftest import client_of
from tests.images.copy.test_copy import begun, confirmed, target
from tests.jobs.conftest import start  # noqa: F401
from tests.support.workers import finish

pytestmark = pytest.mark.django_db


class Lines:
    """What was logged since, as `IMS_LOG_FORMAT=json` writes it, and as it does without."""

    def __init__(self) -> None:
        config = django_settings.LOGGING["formatters"]
        self.json, self.plain = io.StringIO(), io.StringIO()
        self.handlers = []
        for name, stream in (("json", self.json), ("line", self.plain)):
            made = logging.config.DictConfigurator({**django_settings.LOGGING, "formatters": config})
            handler = logging.StreamHandler(stream)
            handler.setFormatter(made.configure_formatter(dict(config[name])))
            for each in logging.getLogger().handlers:
                for one in each.filters:
                    handler.addFilter(one)
            self.handlers.append(handler)
            logging.getLogger().addHandler(handler)

    def all(self, **fields: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.json.getvalue().splitlines()]
        return [line for line in lines if fields.items() <= line.items()]

    def end(self) -> None:
        for handler in self.handlers:
            logging.getLogger().removeHandler(handler)


@pytest.fixture
def lines() -> Iterator[Lines]:
    found = Lines()
    yield found
    found.end()


def reference_of(page: str) -> str:
    return page.partition('reference <span class="mono">')[2].partition("<")[0]


def test_the_reference_on_an_errors_page_is_that_of_its_lines(people, lines: Lines) -> None:
    def broken(execute: Any, sql: str, *rest: Any) -> Any:
        if "images_image" in sql:
            raise ZeroDivisionError("secret detail")
        return execute(sql, *rest)

    client = client_of(people.bob)
    client.raise_request_exception = False
    with connection.execute_wrapper(broken):
        response = client.get("/images/")
    assert response.status_code == 500
    reference = reference_of(response.content.decode())
    assert reference == response["X-Request-ID"]
    found = lines.all(request_id=reference)
    errors = [line for line in found if line["level"] == "ERROR"]
    assert any("secret detail" in line.get("exception", "") for line in errors)
    answered = next(line for line in found if line["logger"] == "imsconsole.core.requests")
    assert (answered["view"], answered["status"]) == ("images:list", 500)
    assert answered["user_id"] == str(people.bob.user.pk)
    assert answered["project_id"] == str(people.bob.project.pk)
    assert answered["time"].endswith("+00:00")
    assert answered["seconds"] >= 0


def test_also_the_page_of_what_is_not_there_has_one(people, lines: Lines) -> None:
    response = client_of(people.bob).get("/nowhere/")
    reference = reference_of(response.content.decode())
    assert reference
    warned = [line for line in lines.all(request_id=reference) if line["logger"] == "django.request"]
    assert [line["message"].partition(":")[0] for line in warned] == ["Not Found"]


def test_two_requests_have_two_and_nobody_signed_in_is_nobody(lines: Lines) -> None:
    first, second = (Client().get("/accounts/login/")["X-Request-ID"] for _ in range(2))
    assert first != second
    assert "user_id" not in lines.all(request_id=second)[0]


@pytest.mark.parametrize(
    ("sent", "proxy", "is_taken"),
    [
        ("from-the-proxy-1", True, True),
        ("from-the-proxy-1", False, False),
        ('x" y', True, False),
        ("a" * 65, True, False),
    ],
)
def test_only_a_trusted_proxy_names_a_request(sent: str, proxy: bool, is_taken: bool, settings) -> None:
    settings.IMS_TRUSTED_PROXIES = [ip_network("127.0.0.1")] if proxy else []
    response = Client().get("/accounts/login/", headers={"X-Request-ID": sent})
    assert (response["X-Request-ID"] == sent) is is_taken


@pytest.mark.slow(reason="an image is copied, from its page to the end of its job")
@pytest.mark.django_db(transaction=True)
def test_from_the_click_to_the_lines_of_the_job(people, lines: Lines) -> None:
    source = bootable_image(people.bob)
    client = client_of(people.bob)
    at = begun(client, source)
    client.post(at, target(**{"name-0": "copy", "key": ""}))
    response = confirmed(client, at)
    job = Job.objects.get(kind="image.copy")
    started = lines.all(job_id=str(job.pk))
    assert [line["message"].endswith("was started") for line in started] == [True]
    assert started[0]["request_id"] == response["X-Request-ID"]
    assert started[0]["user_id"] == str(people.bob.user.pk)
    finish(job)
    of_job = [
        line for line in lines.all(job_id=str(job.pk)) if "request_id" not in line or line not in started
    ]
    assert [line["message"].rpartition(" ")[2] for line in of_job][-1] == "done"


def test_all_lines_of_a_job_have_its_id_and_whose_it_is(start: Any, people, lines: Lines) -> None:  # noqa: F811
    job = finish(start(fails_in="write_bytes", how="bug"))
    found = lines.all(job_id=str(job.pk))
    assert len(found) == 4
    assert {line["project_id"] for line in found} == {str(people.bob.project.pk)}
    assert {line["user_id"] for line in found} == {str(people.bob.user.pk)}
    unexpected = next(line for line in found if "exception" in line)
    assert unexpected["reference"] == job.error_values["reference"]
    assert "ZeroDivisionError" in unexpected["exception"]


def test_the_heartbeat_speaks_for_its_job(start: Any, lines: Lines, settings, monkeypatch) -> None:  # noqa: F811
    """In a thread of its own."""
    settings.IMS_JOB_LEASE_S = 0.03
    job = start()

    def said(heartbeat: Heartbeat) -> None:
        logging.getLogger("a.heartbeat").warning("a beat")
        heartbeat._ended.set()

    monkeypatch.setattr(Heartbeat, "_beat", said)
    with about(job_id=job.pk):
        heart = Heartbeat(Run(job))
        heart.start()
        heart.join()
    assert [line["job_id"] for line in lines.all(logger="a.heartbeat")] == [str(job.pk)]


def test_what_the_clock_runs_is_named(lines: Lines, monkeypatch) -> None:
    def work() -> None:
        logging.getLogger("a.work").warning("at work")

    monkeypatch.setattr(periodic, "all_periodic", lambda: [Periodic("room.work", periodic.SEEN_WITHIN, work)])
    periodic.tick()
    logging.getLogger("a.work").warning("afterwards")
    assert [line.get("work") for line in lines.all(logger="a.work")] == ["room.work", None]


def test_lines_for_people_say_it_at_their_end(lines: Lines) -> None:
    def log() -> None:
        with about(request_id="abcd", user_id=7, project_id=None):
            logging.getLogger("a.room").warning("something")

    Context().run(log)  # which is about nothing that another test left
    assert lines.plain.getvalue().rstrip().endswith("WARNING a.room: something [request_id=abcd user_id=7]")


def test_no_line_has_what_was_typed_nor_the_address_of_a_request(people, lines: Lines) -> None:
    Client().post("/accounts/login/?next=/typed-in-address/", {"login": "bob", "password": "typed-password"})
    Client().get("/accounts/login/?next=/typed-in-address/")
    assert "typed" not in lines.json.getvalue()
