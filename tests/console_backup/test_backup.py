"""`console.backup`: what is new is brought, older backups stay whole, and what stands in the way is said."""

import os
import subprocess
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from images.models import ImageDisk
from images.verify.orphans import remove_orphans
from imsconsole.cloud.buckets.store import storage, stored_name
from imsconsole.cloud.keys.wrap import master_from
from imsconsole.console_backup import make
from imsconsole.console_backup.begin import begin_backup
from imsconsole.console_backup.jobs import BackUpConsole
from imsconsole.console_backup.manifest import Manifest, check_lists, files_of, read_manifest
from imsconsole.console_backup.restore import require_files
from imsconsole.console_backup.where import place_at
from imsconsole.core.errors import Conflict
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.servers.machines import order
from tests.console_backup.making import an_image, backed_up, filled
from tests.support.workers import finish, kill_at_every_step

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("people")]


def whole(folder: Path) -> list[Manifest]:
    """All backups there, of which each has all that it speaks of, with the right bytes."""
    place, found = place_at(str(folder)), []
    for name in place.backups():
        found.append(read_manifest(place, name))
        check_lists(place, name, found[-1])
        require_files(place, name, found[-1])
        for file in files_of(place, name):
            algorithm, _, digits = file.checksum.partition(":")
            path = folder / "objects" / algorithm / digits[:2] / digits
            assert subprocess.check_output([f"{algorithm}sum", path], text=True).split()[0] == digits
    return found


def objects(folder: Path) -> set[str]:
    return {path.name for path in (folder / "objects").rglob("*") if path.is_file()}


@pytest.mark.slow(reason="three backups with disks of servers")
def test_only_what_is_new_is_brought_and_older_backups_stay_whole(people, engine, tmp_path) -> None:
    filled(people)
    (server,) = order(people.bob, an_image(people), data_disks_gb=(1,))
    finish(Job.objects.about(server.pk).get())
    server.refresh_from_db()
    engine.stop(server.ref, graceful_s=0, work=Unwatched())
    first = backed_up(tmp_path).results["back_up"]
    assert first["warnings"] == []
    assert 0 < first["new_bytes"] <= first["size_bytes"]
    assert backed_up(tmp_path).results["back_up"]["new_bytes"] == 0
    image = an_image(people)
    third = backed_up(tmp_path).results["back_up"]
    assert third["new_bytes"] == image.disks.get().size_bytes
    assert len(whole(tmp_path)) == 3
    stored = image.disks.get().stored
    path = engine._store.stored(stored.ref)
    digits = stored.checksum.partition(":")[2]
    is_one_disk = os.stat(tmp_path).st_dev == path.stat().st_dev
    assert path.samefile(tmp_path / "objects/sha256" / digits[:2] / digits) == is_one_disk  # no byte twice


def test_old_backups_go_with_what_only_they_needed(people, engine, tmp_path) -> None:
    gone, stays = an_image(people), an_image(people)
    digits = {image: image.disks.get().checksum.partition(":")[2] for image in (gone, stays)}
    backed_up(tmp_path)
    stored = gone.disks.get().stored
    gone.disks.update(stored=None)
    engine.delete(stored.ref, work=Unwatched())
    stored.delete()
    backed_up(tmp_path, keep=2)
    assert objects(tmp_path) == set(digits.values())
    backed_up(tmp_path, keep=2)
    assert objects(tmp_path) == {digits[stays]}
    assert len(whole(tmp_path)) == 2


def test_a_file_that_somebody_changed_or_lost_is_told_and_the_rest_is_backed_up(
    people, engine, tmp_path
) -> None:
    damaged, lost, good = (an_image(people) for _ in range(3))
    path = engine._store.stored(damaged.disks.get().ref)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    engine.delete(lost.disks.get().ref, work=Unwatched())
    away = tmp_path / "away"
    away.mkdir()
    made = backed_up(away).results["back_up"]
    told = {warning["code"]: warning["values"]["name"] for warning in made["warnings"]}
    assert damaged.disks.get().ref in told["console-backup-file-damaged"]
    assert lost.disks.get().ref in told["console-backup-file-missing"]
    assert objects(away) == {good.disks.get().checksum.partition(":")[2]}


@pytest.mark.slow(reason="a server with its disks is made, backed up and deleted")
@pytest.mark.parametrize("when", ["write_rows", "_settle_disks"])
def test_what_is_deleted_while_it_is_backed_up_is_in_the_backup(
    people, engine, tmp_path, monkeypatch, when
) -> None:
    """Also while rows are read that still name it: it was held before."""
    image = an_image(people)
    item = factories.BucketObjectFactory(bucket__project=people.bob.project)
    storage().save(stored_name(item.pk), ContentFile(b"object" * 1000))
    (server,) = order(people.bob, image, data_disks_gb=(1,))
    finish(Job.objects.about(server.pk).get())
    server.refresh_from_db()
    system, data = server.disks.order_by("index")

    def deletes_first(*arguments: object) -> object:
        engine.delete_server(server.ref, work=Unwatched())
        engine.delete_disk(data.ref, work=Unwatched())
        engine.delete(image.disks.get().ref, work=Unwatched())
        storage().delete(stored_name(item.pk))
        return goes_on(*arguments)

    goes_on = getattr(make, when)
    monkeypatch.setattr(make, when, deletes_first)
    assert backed_up(tmp_path).results["back_up"]["warnings"] == []
    place = place_at(str(tmp_path))
    named = {file.name for file in files_of(place, place.backups()[-1])}
    disks = {f"servers/{system.ref}/disk.qcow2", f"disks/{data.ref}", f"images/{image.disks.get().ref}"}
    assert named >= {*disks, stored_name(item.pk)}
    assert whole(tmp_path)


def test_rows_are_read_again_when_a_file_they_name_has_gone(people, engine, tmp_path, monkeypatch) -> None:
    """It came after files were held first, and went between the rows and the second time."""
    kept = an_image(people)
    passing: list[ImageDisk] = []

    def comes_and_goes(self: object, things: object) -> object:
        if len(passing) == 1:
            stored = passing[0].stored
            ImageDisk.objects.filter(pk=passing[0].pk).update(stored=None)
            engine.delete(stored.ref, work=Unwatched())
            stored.delete()
            passing.append(passing[0])
        found = hold_all(self, things)
        if not passing:
            passing.append(an_image(people).disks.get())
        return found

    hold_all = make.AllHeld.hold_all
    monkeypatch.setattr(make.AllHeld, "hold_all", comes_and_goes)
    made = backed_up(tmp_path).results["back_up"]
    assert made["warnings"] == []
    assert made["files"] == 1
    assert objects(tmp_path) == {kept.disks.get().checksum.partition(":")[2]}


def test_one_is_made_at_a_time(tmp_path) -> None:
    begin_backup(str(tmp_path), 0)
    with pytest.raises(Conflict):
        begin_backup(str(tmp_path), 0)
    with pytest.raises(CommandError, match="work"):
        call_command("backup", str(tmp_path))


def test_a_console_that_never_needed_a_master_key_gives_the_one_it_will_need(tmp_path, settings) -> None:
    settings.IMS_MASTER_KEY, settings.MASTER_KEY_FILE = "", tmp_path / "here"
    call_command("backup", str(tmp_path / "b"), with_master_key=str(tmp_path / "elsewhere"))
    assert master_from((tmp_path / "elsewhere").read_text())
    assert (tmp_path / "elsewhere").read_text() == (tmp_path / "here").read_text()


def test_where_nothing_can_be_written_says_so(people, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    job = finish(begin_backup(str(tmp_path / "file"), 0))
    assert (job.state, job.error_code) == ("failed", "console-backup-folder")
    assert str(tmp_path / "file") in job.error_sentence


def test_another_consoles_place_is_left_alone(people, tmp_path) -> None:
    backed_up(tmp_path)
    (tmp_path / "console.json").write_text('{"console": "another"}')
    job = finish(begin_backup(str(tmp_path), 1))
    assert (job.state, job.error_code) == ("failed", "console-backup-of-another")
    assert len(whole(tmp_path)) == 1


@pytest.mark.slow(reason="a file system is made and filled")
def test_a_full_disk_there_says_so_and_leaves_the_older_backup_whole(people, engine, tmp_path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=True)
    try:
        backed_up(place)
        an_image(people, os.urandom(2 * 1024**2))
        job = finish(begin_backup(str(place), 0))
        assert (job.state, job.error_code) == ("failed", "console-backup-no-space")
        assert len(whole(place)) == 1
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.slow(reason="a worker dies at every point of the job")
def test_a_backup_survives_every_death_of_its_worker(people, engine, tmp_path) -> None:
    filled(people)
    (server,) = order(people.bob, an_image(people))
    finish(Job.objects.about(server.pk).get())
    disk = engine._store.disk(server.disks.get().ref)

    def start() -> Job:
        disk.touch()  # as if its guest had written to it: it is copied each time
        return begin_backup(str(tmp_path), 2)

    def check(job: Job) -> None:
        made = [manifest.job for manifest in whole(tmp_path)]
        if job.state == Job.State.DONE:
            assert len(made) <= 2  # one that is cancelled removes none
            assert made[-1] == str(job.pk)
            assert not list((tmp_path / "unfinished").iterdir())
        remove_orphans()  # the clock does it: what a killed process held is nobody's
        assert not engine.inventory().scraps

    kill_at_every_step(BackUpConsole, start, check)
