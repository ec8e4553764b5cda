"""Importing from an address: rule, service, job, page. The server is a real one on this host."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from images.create.rules import Import
from images.create.services import import_image
from images.fetch import addresses
from images.fetch.jobs import FetchFile
from images.fetch.rules import MOST_WAITING, can_fetch_url
from images.fetch.services import fetch_url
from images.models import Image, Upload
from images.uploads.rules import can_resume
from images.uploads.services import discard_upload
from images.verify.orphans import remove_orphans
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from imsconsole.jobs.concurrency import line_of
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from tests import factories
from tests.conftest import client_of
from tests.images.create.importing import DETAILS, make_disks, work_files
from tests.images.export.test_export import content_of, raw
from tests.support.faults import free_space
from tests.support.file_server import Server, serving
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db
PAGE = "/images/create/from-url/"


@pytest.fixture
def server(settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """Serves /disk.qcow2 and /SHA256SUMS; users may reach this host."""
    with serving() as server:
        disk = make_disks(tmp_path).joinpath("disk.qcow2").read_bytes()
        sums = f"{hashlib.sha256(disk).hexdigest()} *disk.qcow2\n{'0' * 64} *other.qcow2\n"
        server.files = {"/disk.qcow2": disk, "/SHA256SUMS": sums.encode()}
        settings.IMS_IMPORT_HOSTS = frozenset({"localhost"})
        monkeypatch.setenv("IMS_IMPORT_HOSTS", "localhost")  # for workers of their own
        monkeypatch.setattr(addresses, "PAUSE_S", 0)
        yield server


def disk_of(server: Server) -> bytes:
    return server.files["/disk.qcow2"]


def fetched(server: Server, actor, path="/disk.qcow2", **said) -> tuple[Upload, Job]:
    upload = fetch_url(server.url(path), actor=actor, **said)
    job = finish(Job.objects.get(subject_id=upload.pk))
    upload.refresh_from_db()
    return upload, job


def nothing_is_left():
    assert [each.what for each in differences()] == []
    assert work_files() == []


# rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only")])
def test_who_may_write_fetches(people, name, code):
    assert can_fetch_url("https://example.org/a.qcow2", getattr(people, name)).code == code


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.org/a.qcow2", ""),
        ("http://example.org:8080/a", ""),
        ("https://93.184.215.14/a", ""),
        ("ftp://example.org/a", "download-scheme"),
        ("file:///etc/passwd", "download-scheme"),
        ("example.org/a", "download-scheme"),
        ("https://user:secret@example.org/a", "download-address-odd"),
        ("https://", "download-address-odd"),
        ("https://exa mple.org/a", "download-address-odd"),
        ("http://2130706433/a", "download-address-odd"),
        ("http://0x7f.1/a", "download-address-odd"),
        ("http://127.0.0.1:8000/a", "download-address"),
        ("http://169.254.169.254/latest/meta-data", "download-address"),
        ("http://[::1]/a", "download-address"),
        ("http://[::ffff:10.0.0.1]/a", "download-address"),
        ("http://10.1.2.3/a", "download-address"),
        ("https://example.org/disk.zvhd2", "zvhd-import"),
        (f"https://example.org/{'a' * 2000}", "url-too-long"),
    ],
)
def test_which_addresses(people, url, code):
    """Asked of the list of checksums too; nobody is resolved or asked by it."""
    assert can_fetch_url(url, people.bob).code == code
    if code not in ("", "zvhd-import"):
        assert can_fetch_url("https://example.org/a", people.bob, checksums=url).code == code
        for asked in ({"url": url}, {"url": "https://example.org/a", "checksums": url}):
            with pytest.raises(Refused) as refusal:
                fetch_url(**asked, actor=people.bob)
            assert refusal.value.code == code


def test_the_hosts_of_the_operator_s_downloads_are_not_the_users(people, settings):
    settings.IMS_DOWNLOAD_HOSTS = frozenset({"127.0.0.1"})
    assert can_fetch_url("http://127.0.0.1/a", people.bob).code == "download-address"
    settings.IMS_IMPORT_HOSTS = frozenset({"127.0.0.1"})
    assert can_fetch_url("http://127.0.0.1/a", people.bob)


def test_a_full_quota_and_too_many_at_once(people):
    people.bob.project.quotas = {"upload_bytes": 0}
    assert can_fetch_url("https://example.org/a", people.bob).code == "quota-upload-bytes"
    people.bob.project.quotas = {}
    for _ in range(MOST_WAITING):
        factories.UploadFactory(
            project=people.bob.project, url="https://example.org/a", size_bytes=0, expires_at=now()
        )
    assert can_fetch_url("https://example.org/a", people.bob).code == "too-many-fetches"
    assert can_fetch_url("https://example.org/a", people.carol)


def test_one_account_has_one_at_once_and_the_others_wait(people):
    jobs = []
    for actor in (people.bob, people.alice, people.carol):
        upload = fetch_url("https://example.org/a", claimed_format="raw", actor=actor)
        assert upload.claimed_format == "raw"
        jobs.append(Job.objects.get(subject_id=upload.pk))
    Job.objects.filter(pk=jobs[0].pk).update(state="running")
    turns = []
    for job in jobs[1:]:
        with line_of(str(job.pk)) as is_its_turn:
            turns.append(is_its_turn)
    assert turns == [False, True]


# service and job ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["nothing", "sha256", "SHA512", "list"])
def test_what_is_fetched_becomes_an_image_with_its_content(people, server, tmp_path, said):
    given = {
        "nothing": {},
        "sha256": {"checksum": hashlib.sha256(disk_of(server)).hexdigest()},
        "SHA512": {"checksum": hashlib.sha512(disk_of(server)).hexdigest().upper()},
        "list": {"checksums": server.url("/SHA256SUMS")},
    }[said]
    upload, job = fetched(server, people.bob, **given)
    assert (job.state, job.error_code, upload.state, upload.name) == ("done", "", "complete", "disk.qcow2")
    assert upload.path.read_bytes() == disk_of(server)
    assert upload.found["sha256"] == hashlib.sha256(disk_of(server)).hexdigest()
    assert used_by(people.bob.project)["upload_bytes"] == len(disk_of(server))
    nothing_is_left()
    image = import_image(Import(upload=upload, name="web", type="system", min_disk_gb=1), actor=people.bob)
    assert finish(Job.objects.get(subject_id=image.pk)).state == "done"
    image.refresh_from_db()
    (tmp_path / "given.qcow2").write_bytes(disk_of(server))
    assert content_of(image, tmp_path) == raw(tmp_path / "given.qcow2", "qcow2")
    assert (image.source_name, Event.objects.get(action="fetchUrl").sentence) == (
        server.url("/disk.qcow2"),
        server.url("/disk.qcow2"),
    )
    nothing_is_left()


def test_a_secret_of_the_address_is_told_nobody(people, server):
    upload, _job = fetched(server, people.bob, "/gone.qcow2?X-Signature=s3cret#s3cret")
    assert "s3cret" in upload.url
    assert server.asked[0][0] == "/gone.qcow2?X-Signature=s3cret"
    told = [str(each) for each in Event.objects.values_list("details", "resource_name")]
    told += [str(vars(Job.objects.get())), upload.origin, upload.name, upload.error_sentence]
    assert "status 404" in upload.error_sentence
    pages = [reverse("uploads:detail", args=[upload.pk]), reverse("uploads:list"), reverse("jobs:list")]
    told += [client_of(people.bob).get(page).content.decode() for page in pages]
    assert [each for each in told if "s3cret" in each] == []


def test_a_connection_that_breaks_is_gone_on_with(people, server):
    server.cut_after = len(disk_of(server)) // 3
    upload, job = fetched(server, people.bob)
    assert (job.state, upload.path.read_bytes() == disk_of(server)) == ("done", True)
    ranges = [asked for _path, asked in server.asked[1:]]
    assert ranges == ["", f"bytes={server.cut_after}-", f"bytes={2 * server.cut_after}-", *ranges[3:]]
    nothing_is_left()


def test_another_file_in_its_place_is_fetched_anew(people, server):
    """ETag and If-Range: no part of another version is put to it."""
    first, second = disk_of(server), disk_of(server)[:-512] + bytes(512)
    server.cut_after = len(first) // 3
    said: list[bytes] = []

    def changed() -> None:
        if len(server.asked) == 3 and not said:
            said.append(second)
            server.files["/disk.qcow2"], server.version, server.cut_after = second, '"2"', 0

    with watching(server, changed):
        upload, job = fetched(server, people.bob)
    assert (job.state, upload.path.read_bytes() == second) == ("done", True)


class watching:
    """Calls something at each request."""

    def __init__(self, server: Server, call) -> None:
        self.server, self.call = server, call

    def __enter__(self) -> None:
        call, asked = self.call, self.server.asked

        class Noted(list):
            def append(self, each) -> None:
                super().append(each)
                call()

        self.server.asked = Noted(asked)

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("path", "said", "code"),
    [
        ("/gone.qcow2", {}, "download-status"),
        ("/disk.qcow2", {"checksum": "0" * 64}, "url-checksum-differs"),
        ("/disk.qcow2", {"checksum": "0" * 128}, "url-checksum-differs"),
        ("/disk.qcow2", {"checksums": "/gone"}, "download-status"),
        ("/disk.qcow2", {"checksums": "/disk.qcow2"}, "checksum-not-listed"),
        ("/redirect", {}, "download-address"),
        ("/endless", {}, "url-size-unknown"),
        ("/SHA256SUMS", {}, "not-an-image"),
    ],
)
def test_what_is_refused_leaves_nothing_but_the_reason(people, server, path, said, code):
    server.location = "http://127.0.0.1/secret"
    said = {name: server.url(value) if value.startswith("/") else value for name, value in said.items()}
    upload, job = fetched(server, people.bob, path, **said)
    assert (job.state, upload.state, upload.error_code) == ("failed", "refused", code)
    assert used_by(people.bob.project)["upload_bytes"] == 0
    assert not upload.path.exists()
    nothing_is_left()


@pytest.mark.parametrize(
    ("told", "sent", "code"), [(512, 4096, "url-longer"), (4096, 512, "download-broken")]
)
def test_a_server_that_lies_about_the_size(people, server, told, sent, code):
    def answer(asked: str) -> Iterator[bytes]:
        if asked:  # the question how large it is
            yield f"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-0/{told}\r\nContent-Length: 1\r\n\r\nx".encode()
        else:
            yield f"HTTP/1.1 200 OK\r\nContent-Length: {max(told, sent)}\r\n\r\n".encode() + bytes(sent)

    server.answer = answer
    upload, job = fetched(server, people.bob, "/raw")
    assert (job.state, upload.error_code) == ("failed", code), upload.error_sentence
    assert used_by(people.bob.project)["upload_bytes"] == 0
    nothing_is_left()


@pytest.mark.parametrize(
    ("quotas", "room", "code"),
    [({"upload_bytes": 1000}, 10 * GIB, "quota-upload-bytes"), ({}, GIB // 4 + 1000, "no-room")],
)
def test_quota_and_room_are_asked_before_the_first_byte(people, server, quotas, room, code):
    upload = fetch_url(server.url("/disk.qcow2"), actor=people.bob)
    people.bob.project.quotas = quotas
    people.bob.project.save(update_fields=["quotas"])
    with free_space(room):
        job = finish(Job.objects.get(subject_id=upload.pk))
    assert (job.state, job.error_code) == ("failed", code)
    assert [asked for _path, asked in server.asked] == ["bytes=0-0"]
    nothing_is_left()
    people.bob.project.quotas = {}
    people.bob.project.save(update_fields=["quotas"])
    assert finish(retry_job(job, actor=people.bob)).state == "done"
    upload.refresh_from_db()
    assert (upload.state, upload.error_code) == ("complete", "")


def test_more_than_may_be_imported_is_refused_by_its_size(people, server):
    """R59."""
    told = f"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-0/{129 * GIB}\r\nContent-Length: 1\r\n\r\nx"
    server.answer = lambda _asked: [told.encode()]
    upload, _job = fetched(server, people.bob, "/raw")
    assert (upload.error_code, len(server.asked)) == ("file-too-large", 1)


def test_cancelled_it_is_gone_and_discarded_it_ends(people, server):
    upload = fetch_url(server.url("/disk.qcow2"), actor=people.bob)
    cancel_job(Job.objects.get(subject_id=upload.pk), actor=people.bob)
    assert not Upload.objects.exists()
    upload = fetch_url(server.url("/disk.qcow2"), actor=people.bob)
    assert can_resume(upload, people.bob).code == "upload-fetched"
    discard_upload(upload, actor=people.bob)
    job = finish(Job.objects.get(subject_id=upload.pk))
    assert (job.state, job.error_code) == ("failed", "upload-gone")
    nothing_is_left()


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_it_survives_every_death_of_its_worker_and_goes_on_with_what_came(people, server):
    def start():
        for before in Upload.objects.all():
            before.path.unlink(missing_ok=True)
            before.delete()
        server.cut_after = len(disk_of(server)) // 2
        upload = fetch_url(server.url("/disk.qcow2"), actor=people.bob)
        return Job.objects.live().get(subject_id=upload.pk)

    def check(job):
        remove_orphans()
        upload = Upload.objects.filter(pk=job.subject_id).first()
        assert (upload is not None and upload.state == "complete") == (job.state == "done")
        if upload and job.state == "done":
            assert upload.path.read_bytes() == disk_of(server)
        nothing_is_left()

    points = kill_at_every_step(FetchFile, start, check)
    assert {"look", "fetch", "examine", "complete"} <= {
        point.split(":")[1] for point in points if ":" in point
    }


# page --------------------------------------------------------------------------------------------------


def test_the_wizard_fetches_and_goes_on_when_the_file_is_here(people, server):
    client = client_of(people.bob)
    page = client.get(PAGE).content.decode()
    assert reverse("images:create-from-url") in client.get("/images/create/").content.decode()
    assert 'name="url"' in page
    sent = {"type": "system", "url": server.url("/disk.qcow2"), "format": "", "checksum": ""}
    answer = client.post(PAGE, {**sent, "checksums": server.url("/SHA256SUMS")})
    upload = Upload.objects.get()
    assert bare(answer["Location"]) == f"/uploads/{upload.pk}/"
    page = client.get(answer["Location"]).content.decode()
    assert "From the address" in page
    assert 'hx-trigger="every 2s"' in page
    assert (
        'hx-disinherit="*"' in page
    )  # or the progress in it, which asks by itself, would be looked for a whole page
    assert "Fetch file" in page
    assert "Being fetched" in page
    finish(Job.objects.get())
    page = client.get(answer["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' not in page
    assert f"/images/create/?upload={upload.pk}" in page
    sent = {"type": "system", "upload": str(upload.pk), "format": "", "sha256": ""}
    at = client.post("/images/create/", sent)["Location"]
    assert 'value="disk"' in client.get(at).content.decode()
    client.post(at, DETAILS)
    client.post(at.replace("/details/", "/confirm/"), {})
    assert finish(Job.objects.get(kind="image.import")).state == "done"
    assert Image.objects.get().name == "web server"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "http://127.0.0.1/a"}, "url"),
        ({"url": "gopher://example.org/a"}, "url"),
        ({"url": "https://example.org/a.zvhd"}, "url"),
        ({"checksum": "abc"}, "checksum"),
        ({"checksum": "g" * 64}, "checksum"),
        ({"checksums": "http://[::1]/SHA256SUMS"}, "checksums"),
        ({"checksum": "0" * 64, "checksums": "https://example.org/SHA256SUMS"}, "checksums"),
        ({"format": "exe"}, "format"),
        ({"type": "full"}, "type"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(people, typed, field):
    sent = {"type": "system", "url": "https://example.org/a", "format": "", "checksum": "", "checksums": ""}
    answer = client_of(people.bob).post(PAGE, sent | typed)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not Job.objects.exists()


def test_readers_may_not_and_uploads_are_one_s_own(people, server):
    sent = {"type": "system", "url": server.url("/disk.qcow2"), "format": "", "checksum": "", "checksums": ""}
    assert client_of(people.dave).post(PAGE, sent).status_code == 409
    upload = fetch_url(server.url("/disk.qcow2"), actor=people.bob)
    for other in (people.alice, people.carol):
        assert client_of(other).get(reverse("uploads:detail", args=[upload.pk])).status_code == 404


def test_hosts_and_how_many_are_settings():
    assert (frozenset(), 1) == (settings.IMS_IMPORT_HOSTS, settings.IMS_FETCHES_AT_ONCE)
