"""What a load balancer asks."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from imsconsole.core.now import now
from imsconsole.jobs.models import ClockEntry

pytestmark = pytest.mark.django_db
ALL_WELL = {"ok": True, "database": True, "schema": True, "store": True, "worker": True, "screens": False}
ALL_WELL |= {
    "version": version("ims-console"),
    "backup": {"age_seconds": None, "failed": False, "late": False},
}
WITHOUT_DATABASE = {"ok": False, "database": False, "schema": False, "worker": False, "backup": None}


@pytest.fixture(autouse=True)
def port(settings) -> Iterator[socket.socket]:
    """That of the bridge, at which nobody listens yet."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        settings.IMS_SCREEN_PORT = held.getsockname()[1]
        yield held


@pytest.fixture
def beat() -> ClockEntry:
    return ClockEntry.objects.create(name="a.clock", due_at=now(), started_at=now() - timedelta(seconds=20))


def answer(path: str = "/healthz") -> tuple[int, dict[str, bool]]:
    response = Client().get(path)
    return response.status_code, response.json()


def test_it_answers_without_signing_in_and_with_the_version(beat) -> None:
    assert answer() == (200, ALL_WELL)


def test_a_worker_that_was_not_seen_for_half_a_minute_is_said(beat) -> None:
    ClockEntry.objects.update(started_at=now() - timedelta(seconds=31))
    assert answer() == (503, ALL_WELL | {"ok": False, "worker": False})


def test_pages_are_served_without_a_worker() -> None:
    status, told = answer("/healthz/ready")
    assert (status, told["ok"], "worker" in told) == (200, True, False)


def test_a_bridge_that_does_not_listen_is_said_and_stops_nothing(beat, port) -> None:
    assert answer()[1]["screens"] is False
    port.listen()
    status, told = answer()
    assert (status, told["ok"], told["screens"]) == (200, True, True)


def test_a_store_that_is_gone_is_said(beat, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path / "gone"
    assert answer() == (503, ALL_WELL | {"ok": False, "store": False})
    assert answer("/healthz/ready")[0] == 503


def test_what_is_kept_beside_the_regions_is_no_store(beat, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "kvm.json").touch(mode=0o644)
    assert answer()[0] == 200


def test_a_store_without_room_is_said(beat, settings) -> None:
    settings.DATA_DIR = settings.DATABASE_DIR = settings.UPLOAD_DIR = Path(
        "/proc"
    )  # has none, and may be written
    assert answer() == (503, ALL_WELL | {"ok": False, "store": False})


def test_a_database_that_takes_no_change_is_said(beat) -> None:
    """As a standby of PostgreSQL; SQLite has none."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET TRANSACTION READ ONLY")
        assert answer()[1]["database"] is (connection.vendor != "postgresql")


def test_a_database_of_an_older_version_is_said_and_one_of_a_newer_serves(beat) -> None:
    applied = MigrationRecorder.Migration.objects.all()
    applied.create(app="images", name="9999_of_next_year")
    assert answer() == (200, ALL_WELL)
    applied.filter(app="images", name="0032_bytes_leave_disks").delete()
    assert answer() == (503, ALL_WELL | {"ok": False, "schema": False, "backup": None})
    assert answer("/healthz/ready")[0] == 503
    assert answer("/healthz/live")[0] == 200


def test_a_database_that_does_not_answer_is_said_and_the_process_lives() -> None:
    def broken(*_args: object) -> None:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(broken):
        assert answer() == (503, ALL_WELL | WITHOUT_DATABASE)
        assert answer("/healthz/ready")[0] == 503
        assert answer("/healthz/live") == (200, {"ok": True, "version": ALL_WELL["version"]})


@pytest.mark.parametrize("path", ["/healthz", "/healthz/live", "/healthz/ready"])
def test_it_only_answers(path: str) -> None:
    assert Client().post(path).status_code == 405
