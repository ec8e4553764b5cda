"""Downloading an image: rule, service, job, page, bytes."""

import base64
import hashlib
import subprocess
from datetime import timedelta

import pytest
from django.urls import reverse

from images.copy.services import copy_image
from images.delete.services import delete_image
from images.download.clock import expire_downloads
from images.download.jobs import PrepareDownload
from images.download.rules import (
    DOWNLOAD_FACTS,
    PREPARED,
    can_discard_download,
    can_download,
    can_download_stored,
    can_fetch_download,
    can_prepare,
)
from images.download.services import discard_download, prepare_download
from images.models import Download, Image
from images.verify.orphans import remove_orphans
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.keys.services import disable_key
from imsconsole.core.checksums import digits_of
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.engine.types import MIB
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from tests import factories
from tests.cloud.servers.machines import bootable_image
from tests.conftest import client_of
from tests.images.create.importing import work_files
from tests.images.export.test_export import content_of, made_from, raw, sized
from tests.support.faults import free_space
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db


def facts(image, actor):
    images = Image.objects.with_facts(actor, *DOWNLOAD_FACTS)
    return images.select_related("os_version", "key").get(pk=image.pk)


def public(people, **fields):
    return bootable_image(people.bob, category="public", project=None, **fields)


def prepared(actor, image, format="raw"):
    made = prepare_download(image, format=format, actor=actor)
    job = finish(Job.objects.get(subject_id=made.pk))
    made.refresh_from_db()
    return made, job


def url(name, *args):
    return reverse(f"images:{name}", args=args)


def code_of(call):
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def nothing_is_left():
    assert [each.what for each in differences()] == []
    assert work_files() == []


# rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_only_those_who_may_write_in_the_owning_project_download(people, name, code):
    """R54."""
    actor = getattr(people, name)
    assert can_download(facts(sized(people.bob), actor), actor).code == code


PUBLIC = {"category": "public", "project": None}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (PUBLIC, "not-released"),  # R70
        (PUBLIC | {"released": True}, ""),
        (PUBLIC | {"released": True, "hidden": True}, "image-hidden"),
        (PUBLIC | {"released": True, "type": "full"}, "full-ecs"),
        (PUBLIC | {"category": "market", "released": True}, "market-image"),
        ({"type": "full"}, "full-ecs"),  # R71
        ({"type": "iso"}, "iso"),  # R72
        ({"type": "data"}, ""),
        *(({"status": status}, "not-active") for status in ("saving", "killed", "frozen", "deleted")),
    ],
)
def test_what_it_is_decides(people, fields, code):
    image = sized(people.bob, **{"region": people.bob.region, **fields})
    assert can_download(facts(image, people.bob), people.bob).code == code


def test_r73_and_r74_what_was_made_from_some_images_stays(people):
    windows = factories.OsVersionFactory(name="win", platform="Windows", os_type="Windows")
    licensed = factories.PublicImageFactory(region=people.bob.region, os_version=windows, released=True)
    market = factories.ImageFactory(category="market", project=None, region=people.bob.region)
    codes = [
        can_download(facts(sized(people.bob, parent=made_from(each)), people.bob), people.bob).code
        for each in (licensed, market)
    ]
    assert codes == ["from-licensed", "from-market"]


def test_r75_and_r76_sizes_and_keys(people):
    key = factories.KeyFactory(project=people.bob.project)
    secret, large = sized(people.bob, key=key), sized(people.bob, 129)
    for image, stored, raw_code in ((secret, "fast-export-encrypted", ""), (large, "", "export-needs-fast")):
        row = facts(image, people.bob)
        assert can_download_stored(row, people.bob).code == stored
        assert can_prepare(row, "raw", people.bob).code == raw_code
    assert can_download(facts(sized(people.bob, 1024), people.bob), people.bob).code == "export-too-large"
    disable_key(key, actor=people.alice)
    assert can_download(facts(secret, people.bob), people.bob).code == "key-not-enabled"


def test_each_format_is_prepared_once_in_a_project(people):
    image = facts(sized(people.bob), people.bob)
    made = factories.DownloadFactory(project=people.bob.project, image=image, format="raw")
    assert [can_prepare(image, each, people.bob).code for each in ("raw", "vmdk")] == ["download-there", ""]
    assert can_discard_download(made, people.bob).code == "download-not-ready"
    assert can_fetch_download(made, image, people.bob).code == "download-not-ready"
    assert code_of(lambda: discard_download(made, actor=people.bob)) == "download-not-ready"
    made.state = "failed"
    made.save()
    assert can_prepare(image, "raw", people.bob)
    assert can_discard_download(made, people.bob)
    assert can_discard_download(made, people.dave).code == "read-only"
    assert code_of(lambda: discard_download(made, actor=people.dave)) == "read-only"
    assert Download.objects.get() == made


# service and job ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "driver"), [("qcow2", "qcow2"), ("vmdk", "vmdk"), ("vhd", "vpc"), ("raw", "raw")]
)
def test_what_is_prepared_has_the_content_of_the_disk_bit_for_bit(people, tmp_path, format, driver):
    """R78."""
    image = bootable_image(people.bob, name="my web · 1")
    made, job = prepared(people.bob, image, format)
    assert (job.state, job.error_code, made.state) == ("done", "", "ready")
    assert made.name == f"my-web-1.{format}"
    body = made.path.read_bytes()
    assert (made.size_bytes, made.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    (tmp_path / "out").write_bytes(body)
    assert raw(tmp_path / "out", driver) == content_of(image, tmp_path)
    assert timedelta(hours=23) < made.expires_at - now() <= timedelta(hours=24)
    stored = image.disks.get().size_bytes
    assert used_by(people.bob.project)["store_bytes"] == stored + made.size_bytes
    assert Event.objects.get(action="prepareDownload").resource_name == made.name
    nothing_is_left()


def test_what_it_takes_is_reserved_and_one_too_large_is_refused(people):
    image = bootable_image(people.bob)
    stored = image.disks.get().size_bytes
    people.bob.project.quotas = {"store_bytes": stored + 4 * MIB}
    people.bob.project.save(update_fields=["quotas"])
    made = prepare_download(image, format="raw", actor=people.bob)
    assert used_by(people.bob.project)["store_bytes"] == stored + 4 * MIB
    assert code_of(lambda: prepare_download(image, format="vmdk", actor=people.bob)) == "quota-store-bytes"
    cancel_job(Job.objects.get(subject_id=made.pk), actor=people.bob)
    assert used_by(people.bob.project)["store_bytes"] == stored
    assert not Download.objects.exists()
    made = prepare_download(image, format="raw", actor=people.bob)
    people.bob.project.quotas = {"store_bytes": stored}
    people.bob.project.save(update_fields=["quotas"])
    job = finish(Job.objects.get(subject_id=made.pk))
    made.refresh_from_db()
    assert (job.state, made.state, made.error_code) == ("failed", "failed", "store-quota-reached")
    nothing_is_left()
    people.bob.project.quotas = {}
    people.bob.project.save(update_fields=["quotas"])
    assert finish(retry_job(job, actor=people.bob)).state == "done"
    made.refresh_from_db()
    assert (made.state, made.error_code) == ("ready", "")


def test_a_full_disk_is_told_and_leaves_nothing(people):
    image = bootable_image(people.bob)
    made = prepare_download(image, format="raw", actor=people.bob)
    with free_space(MIB):
        assert code_of(lambda: prepare_download(image, format="vmdk", actor=people.bob)) == "no-room"
        job = finish(Job.objects.get(subject_id=made.pk))
    made.refresh_from_db()
    assert (job.state, made.state, made.error_code) == ("failed", "failed", "no-space")
    nothing_is_left()
    assert prepared(people.bob, image)[0].state == "ready"


def test_the_clock_removes_what_is_over_and_what_is_of_an_image_that_is_gone(people):
    image, other = bootable_image(people.bob), bootable_image(people.bob)
    old, young = prepared(people.bob, image, "raw")[0], prepared(people.bob, image, "vmdk")[0]
    gone, waiting = (
        prepared(people.bob, other, "raw")[0],
        prepare_download(image, format="vhd", actor=people.bob),
    )
    Download.objects.filter(pk__in=[old.pk, waiting.pk]).update(expires_at=now() - timedelta(seconds=1))
    delete_image(other, actor=people.bob)
    expire_downloads()
    assert set(Download.objects.all()) == {young, waiting}
    assert [each.path.exists() for each in (old, young, gone)] == [False, True, False]


def test_a_file_without_a_row_is_found_and_a_row_without_its_file(people):
    made, _job = prepared(people.bob, bootable_image(people.bob))
    stray = made.path.with_name("0" * 32)
    stray.write_text("left")
    assert [each.what for each in differences()] == [f"downloaded file {stray.name} belongs to no download"]
    remove_orphans()
    assert (stray.exists(), made.path.exists()) == (False, True)
    made.path.unlink()
    (lost,) = differences()
    assert "has lost its file" in lost.what
    lost.repair()
    assert not Download.objects.exists()


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_it_survives_every_death_of_its_worker(people):
    image = bootable_image(people.bob)

    def start():
        Download.objects.all().delete()
        return Job.objects.live().get(subject_id=prepare_download(image, format="raw", actor=people.bob).pk)

    def check(job):
        remove_orphans()
        made = Download.objects.filter(pk=job.subject_id).first()
        assert (made is not None and made.state == "ready") == (job.state == "done")
        if made and job.state == "done":
            assert hashlib.sha256(made.path.read_bytes()).hexdigest() == made.sha256
        nothing_is_left()

    points = kill_at_every_step(PrepareDownload, start, check)
    assert {"write", "keep"} <= {point.split(":")[1] for point in points if ":" in point}


# bytes -------------------------------------------------------------------------------------------------


def body_of(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def status_of(actor, name, *args):
    answer = client_of(actor).get(url(name, *args))
    body_of(answer)
    return answer.status_code


def test_the_stored_file_is_sent_at_once_whole_and_in_parts(people, tmp_path):
    """R76; RFC 9110 (14), RFC 9530."""
    image = bootable_image(people.bob, name="web")
    disk, client, at = image.disks.get(), client_of(people.bob), url("download-stored", image.pk)
    whole = client.get(at)
    body = body_of(whole)
    assert f"sha256:{hashlib.sha256(body).hexdigest()}" == disk.checksum
    assert (whole["Content-Length"], whole["ETag"], whole["Accept-Ranges"]) == (
        str(disk.size_bytes),
        f'"{digits_of(disk.checksum)}"',
        "bytes",
    )
    digest = base64.b64encode(bytes.fromhex(digits_of(disk.checksum))).decode()
    assert whole["Repr-Digest"] == f"sha-256=:{digest}:"
    assert whole["Content-Disposition"] == 'attachment; filename="web.qcow2"'
    rest = client.get(at, headers={"range": "bytes=1000-", "if-range": whole["ETag"]})
    assert (rest.status_code, rest["Content-Range"]) == (206, f"bytes 1000-{len(body) - 1}/{len(body)}")
    assert body_of(rest) == body[1000:]
    other = client.get(at, headers={"range": "bytes=1000-", "if-range": '"other"'})
    assert (other.status_code, body_of(other)) == (200, body)
    assert client.head(at)["Content-Length"] == str(disk.size_bytes)
    sums = client.get(url("download-stored-checksum", image.pk)).content
    (tmp_path / "web.qcow2").write_bytes(body)
    (tmp_path / "web.qcow2.sha256").write_bytes(sums)
    subprocess.run(["sha256sum", "--check", "--strict", "web.qcow2.sha256"], cwd=tmp_path, check=True)


def test_a_prepared_file_is_sent_in_parts_to_the_project_alone(people):
    image = bootable_image(people.bob)
    made, _job = prepared(people.bob, image)
    at, client = url("download-prepared", image.pk, made.pk), client_of(people.alice)
    body = made.path.read_bytes()
    parts = [client.get(at, headers={"range": f"bytes={part}"}) for part in ("0-99", "100-")]
    assert b"".join(map(body_of, parts)) == body
    assert client.get(url("download-prepared-checksum", image.pk, made.pk)).content.decode().split() == [
        made.sha256,
        made.name,
    ]
    args = ("download-prepared", image.pk, made.pk)
    assert [status_of(who, *args) for who in (people.dave, people.carol)] == [409, 404]


def test_what_one_project_prepared_of_a_public_image_is_not_another_s(people):
    image = public(people, released=True)
    made, _job = prepared(people.bob, image)
    assert status_of(people.bob, "download-prepared", image.pk, made.pk) == 200
    for name in ("download-prepared", "download-prepared-checksum"):
        assert status_of(people.carol, name, image.pk, made.pk) == 404
    assert client_of(people.carol).post(url("discard-download", image.pk, made.pk)).status_code == 404
    assert made.name not in client_of(people.carol).get(url("download", image.pk)).content.decode()
    theirs, _job = prepared(people.carol, image)
    assert set(Download.objects.all()) == {made, theirs}
    assert used_by(people.carol.project)["store_bytes"] == theirs.size_bytes


def test_whoever_downloads_stands_in_the_trail_once_whatever_the_parts(people):
    image, client = bootable_image(people.bob, name="web"), client_of(people.bob)
    at = url("download-stored", image.pk)
    client.head(at)
    assert not Event.objects.filter(action="downloadImage").exists()
    for part in ("bytes=5-9", "bytes=0-4", "bytes=10-"):
        body_of(client.get(at, headers={"range": part}))
    event = Event.objects.get(action="downloadImage")
    assert (event.user, event.resource_id, event.sentence) == (people.bob.user, str(image.pk), "web.qcow2")
    status_of(people.alice, "download-stored", image.pk)
    Event.objects.filter(pk=event.pk).update(at=now() - timedelta(hours=2))
    body_of(client.get(at))
    assert Event.objects.filter(action="downloadImage").count() == 3


# ways around -------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="each download is asked for again after each change")
def test_what_may_not_leave_any_more_is_not_handed_out_though_it_is_prepared(people):
    """R70 to R76 are asked at every request: a key is disabled, a release withdrawn, an image frozen meanwhile."""
    image = public(people, released=True)
    made, _job = prepared(people.bob, image)
    names = [("download-stored", image.pk), ("download-stored-checksum", image.pk)]
    names += [(f"download-prepared{part}", image.pk, made.pk) for part in ("", "-checksum")]

    def answers():
        return {status_of(people.bob, *each) for each in names}

    assert answers() == {200}
    for fields in ({"released": False}, {"hidden": True}, {"status": "frozen"}, {"type": "iso"}):
        was = {name: getattr(image, name) for name in fields}
        Image.objects.filter(pk=image.pk).update(**fields)
        assert answers() == {409}, fields
        Image.objects.filter(pk=image.pk).update(**was)
    assert answers() == {200}


def test_a_copy_of_what_may_not_leave_may_not_either(people):
    """R73, R74: of a released Windows in any generation, of what was made of a market image."""
    windows = factories.OsVersionFactory(name="win", platform="Windows", os_type="Windows")
    licensed = public(people, released=True, os_version=windows)
    market = factories.ImageFactory(category="market", project=None, region=people.bob.region)
    of_market = bootable_image(people.bob, parent=market)
    assert status_of(people.bob, "download-stored", licensed.pk) == 200
    for source, code in ((licensed, "from-licensed"), (of_market, "from-market")):
        copy = copy_image(source, name=f"copy of {code}", actor=people.bob)
        finish(Job.objects.get(subject_id=copy.pk))
        assert can_download(facts(copy, people.bob), people.bob).code == code
        assert code_of(lambda copy=copy: prepare_download(copy, format="raw", actor=people.bob)) == code
        assert status_of(people.bob, "download-stored", copy.pk) == 409


def test_others_images_are_not_found_and_received_ones_not_handed_out(people):
    image = bootable_image(people.bob)
    assert status_of(people.carol, "download-stored", image.pk) == 404
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    assert status_of(people.carol, "download-stored", image.pk) == 409
    answer = client_of(people.carol).post(url("download", image.pk), {"format": "raw"})
    assert (answer.status_code, Download.objects.exists()) == (409, False)


# page --------------------------------------------------------------------------------------------------


def test_the_page_has_the_links_and_the_checksum_and_prepares_without_javascript(people):
    image, client = bootable_image(people.bob), client_of(people.bob)
    page = client.get(url("download", image.pk)).content.decode()
    assert digits_of(image.disks.get().checksum) in page
    assert url("download-stored", image.pk) in page
    assert client.post(url("download", image.pk), {"format": "vmdk"}).status_code == 302
    page = client.get(url("download", image.pk)).content.decode()
    assert "Prepare download" in page
    assert 'hx-trigger="every 2s"' in page
    again = client.post(url("download", image.pk), {"format": "vmdk"})
    assert (again.status_code, "there already" in again.content.decode()) == (422, True)
    finish(Job.objects.get())
    made = Download.objects.get()
    page = client.get(url("download", image.pk)).content.decode()
    assert made.sha256 in page
    assert f"{url('download', image.pk)}{made.pk}/" in page
    assert 'hx-trigger="every 2s"' not in page
    assert client.post(url("discard-download", image.pk, made.pk)).status_code == 302
    assert (Download.objects.exists(), made.path.exists()) == (False, False)


def test_an_encrypted_image_is_warned_of_and_also_prepared_as_qcow2(people):
    image = sized(people.bob, key=factories.KeyFactory(project=people.bob.project))
    page = client_of(people.bob).get(url("download", image.pk))
    assert "What is prepared is not" in page.content.decode()
    assert [each["value"] for each in page.context["form"].formats] == list(PREPARED)
    plain = client_of(people.bob).get(url("download", sized(people.bob).pk))
    assert [each["value"] for each in plain.context["form"].formats] == ["vmdk", "vhd", "raw"]


@pytest.mark.parametrize("format", ["", "zvhd", "stored", "qcow2", "raw\0"])
def test_other_formats_are_refused(people, format):
    answer = client_of(people.bob).post(url("download", sized(people.bob).pk), {"format": format})
    assert (answer.status_code, Download.objects.exists()) == (422 if "\0" not in format else 400, False)


def test_who_may_not_download_reads_why(people):
    page = client_of(people.dave).get(url("download", sized(people.bob).pk)).content.decode()
    assert "read-only" in page.lower()
