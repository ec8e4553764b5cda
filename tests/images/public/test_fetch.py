"""Fetching a public image: one download for every region, verified, examined, all or nothing."""

import hashlib
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from images.models import Image, PublicSource
from images.public.catalogue import entry_of
from images.public.jobs import FetchPublicImage
from images.public.services import fetch_public_image
from images.verify.store_check import differences
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Region
from imsconsole.audit.models import Event
from imsconsole.core.checksums import digits_of
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.rules import Refused
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import cancel_job, retry_job
from tests.images.public.conftest import publish
from tests.support.faults import full_disk
from tests.support.file_server import Server
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db


def fetched(platform: Actor, key: str = "one", *modes: str) -> Job:
    source = fetch_public_image(key=key, boot_modes=modes, actor=platform)
    return finish(Job.objects.live().about(source.pk).get())


def paths(server: Server) -> list[str]:
    return [path for path, _ in server.asked]


def nothing_left() -> None:
    assert list(work_dir().iterdir()) == []
    assert [difference.what for difference in differences()] == []


@pytest.mark.parametrize("key", ["one", "packed"])
def test_an_image_is_downloaded_once_and_is_there_in_every_region(platform, publisher, key):
    job = fetched(platform, key)

    assert job.state == Job.State.DONE, job.error_sentence
    images = Image.objects.filter(source_id=job.subject_id)
    assert {image.region for image in images} == set(Region.objects.all())
    for image in images:
        assert (image.category, image.status, image.protected) == ("public", "active", True)
        assert (image.os_version.platform, image.boot_mode, image.project) == ("Debian", "uefi", None)
        assert digits_of(image.disks.get().source_checksum) in publisher.files["/SHA256SUMS"].decode()
    assert paths(publisher) == ["/SHA256SUMS", entry_of(key).url.removeprefix(publisher.url(""))]
    nothing_left()
    assert Event.objects.get(action="fetchPublicImage").user == platform.user


def test_a_project_uses_it_like_any_public_image(platform, publisher, people):
    fetched(platform)
    image = Image.objects.visible_to(people.carol).get(name__startswith="One")
    assert image.region == people.carol.region


def test_an_image_for_each_firmware_can_be_asked_for(platform, publisher):
    job = fetched(platform, "one", "bios", "uefi")
    modes = Image.objects.filter(source_id=job.subject_id).values_list("region", "boot_mode", "name")
    assert len({mode[:2] for mode in modes}) == 2 * Region.objects.count()
    assert len({name for *_, name in modes}) == 2


@pytest.mark.slow(reason="a public image is fetched for two regions, twice")
def test_what_every_region_has_is_not_fetched_again_until_it_changes(platform, publisher):
    fetched(platform)
    again = fetched(platform)
    assert (again.state, again.error_code) == ("failed", "public-image-current")
    assert paths(publisher).count("/one.qcow2") == 1

    assert fetched(platform, "one", "bios").state == Job.State.DONE
    publish(publisher, publisher.files["/one.qcow2"] + bytes(512))
    publisher.version = '"2"'
    assert fetched(platform).state == Job.State.DONE
    assert fetched(platform).error_code == "public-image-current"
    assert Image.objects.filter(name__startswith="One").count() == 3 * Region.objects.count()


def test_a_file_with_another_checksum_is_not_kept(platform, publisher):
    publisher.files["/one.qcow2"] += b"x"
    job = fetched(platform)
    assert (job.state, job.error_code) == ("failed", "download-checksum-differs")
    assert not Image.objects.filter(source_id=job.subject_id).exists()
    nothing_left()


def test_a_file_that_is_no_image_is_refused_although_its_checksum_is_right(platform, publisher):
    publish(publisher, b"#!/bin/sh\n" * 1000)
    job = fetched(platform)
    assert (job.state, job.error_code) == ("failed", "not-an-image")
    nothing_left()


def test_a_packed_file_that_unpacks_to_too_much_ends(platform, publisher, settings):
    settings.IMS_IMPORT_MAX_GB = 1 / 1024
    publish(publisher, bytes(4 * 1024**2))
    job = fetched(platform, "packed")
    assert (job.state, job.error_code) == ("failed", "too-large")
    nothing_left()


def test_a_packed_file_that_is_cut_is_refused(platform, publisher):
    publish(publisher, publisher.files["/one.qcow2"])
    cut = publisher.files["/one.qcow2.xz"][:-100]
    publisher.files |= {
        "/one.qcow2.xz": cut,
        "/SHA256SUMS": f"{hashlib.sha256(cut).hexdigest()}  one.qcow2.xz".encode(),
    }
    assert fetched(platform, "packed").error_code == "cannot-unpack"


def test_a_publisher_that_is_away_is_told_and_the_job_can_be_retried(platform, publisher):
    image = publisher.files.pop("/one.qcow2")
    job = fetched(platform)
    assert (job.state, job.error_code) == ("failed", "download-status")
    publisher.files["/one.qcow2"] = image
    assert finish(retry_job(job, actor=platform)).state == Job.State.DONE


@pytest.mark.slow(reason="a public image is fetched twice over")
def test_what_a_killed_worker_had_downloaded_is_gone_on_with(platform, publisher):
    source = fetch_public_image(key="one", actor=platform)
    job = Job.objects.about(source.pk).get()
    half = publisher.files["/one.qcow2"][: len(publisher.files["/one.qcow2"]) // 2]
    part = work_dir() / f"{job.pk.hex}-0-obtain"
    part.write_bytes(half)
    Path(f"{part}.version").write_text(publisher.version)

    assert finish(job).state == Job.State.DONE
    assert publisher.asked[-1] == ("/one.qcow2", f"bytes={len(half)}-")
    nothing_left()


def test_it_can_be_cancelled(platform, publisher):
    source = fetch_public_image(key="one", actor=platform)
    job = cancel_job(Job.objects.about(source.pk).get(), actor=platform)
    assert job.state == Job.State.CANCELLED
    assert publisher.asked == []


def test_who_asks_twice_at_once_is_told_that_it_is_being_fetched(platform, publisher):
    fetch_public_image(key="one", actor=platform)
    with pytest.raises(Conflict, match="subject-busy"):
        fetch_public_image(key="one", actor=platform)


def test_only_the_platform_fetches_what_the_catalogue_has(platform, publisher, people: SimpleNamespace):
    for actor in (people.alice, people.bob, people.dave, people.carol):
        with pytest.raises(Refused, match="operators-only"):
            fetch_public_image(key="one", actor=actor)
    with pytest.raises(NotFound):
        fetch_public_image(key="two", actor=platform)
    with pytest.raises(Refused, match="boot-mode"):
        fetch_public_image(key="one", boot_modes=["floppy"], actor=platform)
    assert not PublicSource.objects.exists()


def test_the_command_lists_fetches_and_says_what_is_wrong(platform, publisher, settings):
    out = StringIO()
    call_command("fetch_public_image", stdout=out)
    assert "packed" in out.getvalue()
    settings.IMS_JOB_LEASE_S = 600
    call_command("fetch_public_image", "one", "--now", stdout=out)
    assert "in the catalogue of every region" in out.getvalue()
    with pytest.raises(CommandError, match="newest One already"):
        call_command("fetch_public_image", "one", "--now")
    with pytest.raises(CommandError, match="no entry two"):
        call_command("fetch_public_image", "two")


def test_the_catalogue_is_checked_without_downloading(platform, publisher):
    out = StringIO()
    call_command("check_catalogue", stdout=out, stderr=out)
    assert entry_of("one").checked_on
    assert entry_of("packed").checked_on
    assert ("/one.qcow2", "bytes=0-0") in publisher.asked

    del publisher.files["/one.qcow2"]
    with pytest.raises(CommandError, match="Not reached: one"):
        call_command("check_catalogue", stdout=out, stderr=out)
    assert "status 404" in out.getvalue()


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_it_is_fetched_however_the_worker_dies(platform, publisher):
    def start() -> Job:
        Image.objects.all().delete()
        PublicSource.objects.all().delete()
        return Job.objects.about(fetch_public_image(key="packed", actor=platform).pk).get()

    def check(job: Job) -> None:
        made = Image.objects.filter(source_id=job.subject_id)
        assert made.count() == (Region.objects.count() if job.state == Job.State.DONE else 0)
        assert list(work_dir().glob(f"{job.pk.hex}*")) == []
        for image in made:
            assert image.disks.get().checksum

    assert kill_at_every_step(FetchPublicImage, start, check)


def test_a_download_without_room_says_so_and_goes_on_once_there_is(platform, publisher):
    source = fetch_public_image(key="one", actor=platform)
    job = Job.objects.live().about(source.pk).get()
    with full_disk(len(publisher.files["/one.qcow2"]) // 2):
        finish(job)
    assert (job.state, job.error_code, job.step) == ("failed", "no-space", "obtain")
    nothing_left()
    retry_job(job, actor=platform)
    assert finish(job).state == "done", job.error_sentence
    nothing_left()
