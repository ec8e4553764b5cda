"""`ims-console doctor`: what is missing is said, with how to get it."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from imsconsole.accounts.models import Region
from imsconsole.core.now import now
from imsconsole.engine.types import Capabilities
from imsconsole.jobs.models import ClockEntry
from imsconsole.processes import doctor
from imsconsole.processes.doctor import Finding, findings
from imsconsole.settings import s3_storages
from tests.factories import RegionFactory
from tests.support.engines import UnreachableEngine, engine_of_region
from tests.support.s3 import KEY, REGION, S3Server, bucket_of

pytestmark = pytest.mark.django_db


class Able:
    def __init__(self, **can: Any) -> None:
        self.can = Capabilities(**can)

    def capabilities(self) -> Capabilities:
        return self.can


@pytest.fixture(autouse=True)
def region() -> Region:
    return RegionFactory(code="here", engine="local")


def found(about: str) -> list[Finding]:
    return [each for each in findings() if each.about == about]


def found_of(engine: Any) -> list[Finding]:
    with engine_of_region("here", engine):
        return found("region here")


def test_what_a_host_lacks_is_named_with_its_packages() -> None:
    without, kvm, isolation = found_of(Able(missing=("ovmf", "swtpm"), accelerator="kvm", isolated=True))
    assert (without.level, without.remedy) == ("wrong", "apt-get install ovmf swtpm")
    assert (kvm.level, isolation.level) == ("good", "good")
    assert [each.said for each in found_of(Able())] == ["no servers can be started"]
    assert [each.level for each in found_of(Able(accelerator="tcg"))] == ["doubt", "doubt"]


def test_why_there_is_no_kvm(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def why() -> str:
        return found_of(Able(accelerator="tcg", isolated=True))[0].remedy

    settings.IMS_ACCELERATOR = "tcg"
    assert why() == "IMS_ACCELERATOR=tcg says so"
    settings.IMS_ACCELERATOR = "auto"
    monkeypatch.setattr(doctor, "KVM", tmp_path / "kvm")
    assert why().startswith("there is no /dev/kvm")
    (tmp_path / "kvm").touch()
    assert "no guest ran with it" in why()


def test_a_region_that_does_not_answer_hides_no_other() -> None:
    RegionFactory(code="there", engine="local")
    with engine_of_region("here", UnreachableEngine()), engine_of_region("there", Able(accelerator="kvm")):
        (silent,) = found("region here")
        assert (silent.level, bool(silent.said)) == ("wrong", True)
        assert found("region there")[0].level == "good"


def test_a_database_that_an_upgrade_could_not_copy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [each.level for each in found("database")] == ["good"]
    if connection.vendor == "sqlite":
        return
    monkeypatch.setattr(connection, "get_database_version", lambda: (99, 1))
    assert "PostgreSQL of 99" in found("database")[1].said
    monkeypatch.setenv("PATH", "/nowhere")
    assert found("database")[1].said.endswith("pg_dump and psql not installed here")


def test_a_database_of_another_version_is_told_and_asked_for_nothing_else() -> None:
    MigrationRecorder.Migration.objects.filter(app="images", name="0034_latest_images").delete()
    told = list(findings())
    assert [each.said for each in told if each.level == "wrong" and each.about == "database"] == [
        "1 migrations are pending, the first of them images.0034_latest_images"
    ]
    assert {"workers", "master key", "region here"}.isdisjoint(each.about for each in told)


def test_settings_that_are_unsafe_are_told(settings: Any) -> None:
    assert "pages go out without HTTPS" in [each.said for each in found("settings")]
    settings.IMS_HTTPS, settings.DEBUG = True, True
    told = {each.said: each for each in found("settings")}
    assert told["IMS_DEBUG is set: errors show the code"].level == "wrong"
    assert any("no proxy is trusted" in said for said in told)


def test_too_little_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    assert [each.level for each in found("data folder")] == ["wrong"]


def test_workers_that_run_are_seen() -> None:
    assert [each.level for each in found("workers")] == ["doubt"]
    ClockEntry.objects.create(name="reconcile_all", due_at=now(), started_at=now())
    assert [each.level for each in found("workers")] == ["good"]


def test_the_command_ends_with_an_error_as_long_as_something_is_wrong() -> None:
    said = io.StringIO()
    with engine_of_region("here", Able()), pytest.raises(CommandError, match="must be mended"):
        call_command("doctor", stdout=said, no_color=True)
    assert "wrong  region here: no servers can be started" in said.getvalue()
    assert "→ ims-console worker, or serve" in said.getvalue()


@pytest.mark.slow(reason="an S3 server starts")
def test_s3_is_written_to_and_read(s3_server: S3Server, settings: Any) -> None:
    with bucket_of(s3_server) as bucket:
        assert [each.level for each in found("S3")] == ["good", "good"]
        assert bucket.names() == []
        wrong = s3_storages(
            bucket.name, endpoint=s3_server.url, region=REGION, access_key=KEY, secret_key="another"
        )
        with override_settings(STORAGES=settings.STORAGES | wrong):
            (refused,) = found("S3")
        assert (refused.level, bucket.names()) == ("wrong", [])
