"""What may go wrong at a place, or in the store, while a backup is made: half of one is never taken for a whole."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from imsconsole.console_backup import folder, make
from imsconsole.console_backup.begin import begin_backup
from imsconsole.console_backup.folder import FolderPlace
from imsconsole.console_backup.manifest import files_of, read_manifest
from imsconsole.console_backup.places import CONSOLE, DATABASE, FILES, MANIFEST, BackupError
from imsconsole.console_backup.where import place_at
from imsconsole.engine.local.holding import Holding
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests.cloud.servers.machines import REGION, order
from tests.console_backup.making import an_image, backed_up
from tests.support.workers import finish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("people", "engine")]


def failed(to: Path) -> str:
    """Why a backup could not be made."""
    job = finish(begin_backup(str(to), 0))
    assert job.state == Job.State.FAILED
    return job.error_code


@pytest.mark.parametrize("part", [DATABASE, FILES, MANIFEST])
def test_what_could_not_be_written_to_its_end_is_no_backup(tmp_path, monkeypatch, part) -> None:
    def fails(self: FolderPlace, name: str, path: Path) -> None:
        if name.endswith(part):
            raise BackupError("console-backup-no-space", place="")
        write(self, name, path)

    write = FolderPlace.write
    monkeypatch.setattr(FolderPlace, "write", fails)
    assert failed(tmp_path) == "console-backup-no-space"
    assert place_at(str(tmp_path)).backups() == []


@pytest.mark.parametrize("which", ["objects/sha256/??", "objects", "backups"])
def test_what_may_be_lost_with_the_power_is_no_backup(people, tmp_path, monkeypatch, which) -> None:
    def fails(path: Path) -> None:
        if path in tmp_path.glob(which):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(path)

    sync = folder.sync
    an_image(people)
    monkeypatch.setattr(folder, "sync", fails)
    assert failed(tmp_path) == "console-backup-folder"
    assert place_at(str(tmp_path)).backups() == []


def test_one_whose_removal_was_cut_short_is_no_backup(tmp_path, monkeypatch) -> None:
    backed_up(tmp_path)
    place = place_at(str(tmp_path))
    (name,) = place.backups()
    monkeypatch.setattr(folder.shutil, "rmtree", lambda _path: None)
    place.remove_backup(name)
    assert (place.backups(), place.partial()) == ([], [name])


def test_a_place_whose_owner_cannot_be_read_is_left_alone(tmp_path) -> None:
    backed_up(tmp_path)
    (tmp_path / CONSOLE).write_text("{")
    assert failed(tmp_path) == "console-backup-damaged"
    assert (tmp_path / CONSOLE).read_text() == "{"


def test_files_that_vanish_each_time_the_rows_are_read_are_said(tmp_path, monkeypatch) -> None:
    times = 0

    def lacks_another(*_things: Any) -> tuple[make.Listed, set[str]]:
        nonlocal times
        times += 1
        return make.Listed(), {f"one-more-{times}"}

    monkeypatch.setattr(make.AllHeld, "hold_all", lacks_another)
    assert failed(tmp_path) == "console-backup-too-lively"
    assert times == make.TRIES + 1


def test_secrets_of_the_settings_are_not_in_it(tmp_path, monkeypatch) -> None:
    secret = [
        "IMS_SECRET_KEY",
        "IMS_MASTER_KEY",
        "IMS_S3_SECRET_KEY",
        "IMS_METRICS_TOKEN",
        "IMS_DEMO_PASSWORD",
        "IMS_DATABASE_URL",
    ]
    for name in secret:
        monkeypatch.setenv(name, "ssh")
    monkeypatch.setenv("IMS_BACKUP_HOUR", "4")
    monkeypatch.setenv("HOME", "/none-of-ours")
    backed_up(tmp_path)
    place = place_at(str(tmp_path))
    told = read_manifest(place, place.backups()[0]).settings
    assert told["IMS_BACKUP_HOUR"] == "4"
    assert not {*secret, "HOME"} & told.keys()
    assert "ssh" not in told.values()


@pytest.mark.slow(reason="a server is made, and backed up twice")
def test_a_disk_that_was_written_to_while_it_was_read_is_read_again_the_next_time(
    people, engine, tmp_path, monkeypatch
) -> None:
    (server,) = order(people.bob, an_image(people))
    finish(Job.objects.about(server.pk).get())
    server.refresh_from_db()
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    layer = f"servers/{server.disks.get().ref}/disk.qcow2"
    path = Path(settings.DATA_DIR, "regions", REGION, layer)

    def writes(self: FolderPlace, read: Path, *words: Any, **more: Any) -> str:
        found = put(self, read, *words, **more)
        if read.name.endswith("disk.qcow2"):
            os.utime(path, (5, 5))
        return found

    put = FolderPlace.put
    with monkeypatch.context() as patch:
        patch.setattr(Holding, "still", lambda *_words, **_more: False)
        patch.setattr(FolderPlace, "put", writes)
        (warning,) = backed_up(tmp_path).results["back_up"]["warnings"]
    assert warning["code"] == "console-backup-disk-written"
    place = place_at(str(tmp_path))
    stamps = {file.name: file.stamp for file in files_of(place, place.backups()[-1])}
    assert stamps[layer] == ""
    with path.open("r+b") as disk:
        disk.seek(0, os.SEEK_END)
        disk.write(bytes(512))
    os.utime(path, (5, 5))
    assert backed_up(tmp_path).results["back_up"]["new_bytes"] >= path.stat().st_size
    place = place_at(str(tmp_path))
    kept = {file.name: file.checksum for file in files_of(place, place.backups()[-1])}[layer]
    place.remove_objects([kept])
    backed_up(tmp_path)
    assert place.has(kept, path.stat().st_size), "what is known is there as well"
