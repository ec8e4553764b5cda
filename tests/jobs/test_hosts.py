"""Hosts know of each other; a second one must not be where a host's own disk has what both need."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management.base import CommandError

from imsconsole.core import now as clock
from imsconsole.jobs import hosts
from imsconsole.jobs.hosts import check_hosts, forget_hosts, host_id, note_host, other_hosts, this_host
from imsconsole.jobs.models import KnownHost

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(settings, tmp_path: Path):
    """Be the host with this data folder on this machine."""

    def be(name: str) -> None:
        settings.DATA_DIR = tmp_path / name
        host_id.cache_clear()

    yield be
    host_id.cache_clear()


@pytest.fixture
def alone(monkeypatch) -> SimpleNamespace:
    """Whether the database and the spool are a host's own."""
    said = SimpleNamespace(vendor="sqlite", introspection=hosts.connection.introspection)
    monkeypatch.setattr(hosts, "connection", said)
    return said


def test_a_second_host_is_refused_on_sqlite_and_on_a_folder_spool(at, alone, settings) -> None:
    at("first")
    with this_host():
        at("second")
        with pytest.raises(CommandError, match=r"its database is SQLite.*its spool is a folder"), this_host():
            pass
        assert [each.id for each in check_hosts(databases=["default"])] == ["ims.E004"]
        alone.vendor = "postgresql"
        with pytest.raises(CommandError, match="only: its spool is a folder"), this_host():
            pass
        settings.IMS_SPOOL = "s3"
        with this_host():
            assert KnownHost.objects.count() == 2
        assert check_hosts(databases=["default"]) == []
        alone.vendor = "sqlite"
        with pytest.raises(CommandError, match="only: its database is SQLite"), this_host():
            pass
        at("first")


def test_a_host_that_starts_again_is_no_second_one_and_one_that_left_frees_its_place(at, alone) -> None:
    at("first")
    with this_host():
        note_host()
        with this_host():
            assert other_hosts() == []
    at("second")
    with this_host():
        assert KnownHost.objects.get().pk == host_id()


def test_one_that_ended_without_a_word_is_forgotten_after_a_minute(at, alone) -> None:
    at("first")
    note_host()
    at("second")
    assert len(other_hosts()) == 1
    clock.move(timedelta(seconds=61))
    with this_host():
        assert other_hosts() == []
    clock.move(timedelta(days=2))
    forget_hosts()
    assert not KnownHost.objects.exists()


def test_a_clock_that_stood_wrong_keeps_nobody_out(at, alone) -> None:
    at("first")
    clock.move(timedelta(days=1))
    note_host()
    clock.reset()
    at("second")
    assert other_hosts() == []


def test_of_a_database_without_tables_nothing_is_asked(at, alone) -> None:
    alone.introspection = SimpleNamespace(table_names=list)
    assert check_hosts(databases=["default"]) == []
    assert check_hosts() == []
