"""Two hosts, each with a web server, workers and a data folder of its own: what they share is PostgreSQL and S3."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from images.create.rules import Import
from images.create.services import import_image
from images.models import Upload
from imsconsole.cloud.models import SpooledPart
from imsconsole.jobs.models import Job, KnownHost
from tests.conftest import client_of
from tests.images.create.importing import MIB, make_disks
from tests.images.uploads.test_upload_kills import Sender
from tests.images.uploads.tus import begin, upload_at
from tests.support.processes import children_of
from tests.support.s3 import KEY, REGION, SECRET, S3Server, bucket_of
from tests.support.web import WebServer
from tests.support.workers import supervisor, until, worker_environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql,
    pytest.mark.slow(reason="an S3 server, two web servers and two trees of workers start"),
]
SIZE, CHUNKS = 48 * MIB, 8


@pytest.fixture
def s3(s3_server: S3Server) -> Iterator[SimpleNamespace]:
    with bucket_of(s3_server, IMS_SPOOL="s3") as bucket:
        bucket.url = s3_server.url
        yield bucket


@contextmanager
def host(s3: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The environment of one, and what lies in its data folder."""
    with tempfile.TemporaryDirectory(dir=os.environ["IMS_TEST_DIR"]) as data:
        Path(data).chmod(0o755)
        environment = {
            "IMS_DATA_DIR": data, "IMS_SECRET_KEY": settings.SECRET_KEY, "IMS_SPOOL": "s3", "IMS_S3_BUCKET": s3.name,
            "IMS_S3_ENDPOINT": s3.url, "IMS_S3_REGION": REGION, "IMS_S3_ACCESS_KEY": KEY, "IMS_S3_SECRET_KEY": SECRET,
            "IMS_JOB_LEASE_S": "3", "IMS_QUICK_WORKERS": "1", "IMS_BULK_WORKERS": "1",
        }  # fmt: skip

        def files(*folders: str) -> list[str]:
            return [path.name for folder in folders for path in Path(data, folder).glob("*")]

        yield SimpleNamespace(environment=environment, files=files, data=Path(data))


def run(place: SimpleNamespace, *arguments: str, **other: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**worker_environment(), **place.environment, **other},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A raw disk of random bytes, behind a partition table."""
    path = make_disks(tmp_path) / "disk.raw"
    with path.open("ab") as file:
        while file.tell() < SIZE:
            file.write(os.urandom(MIB))
    return path


def until_begun(job: Job) -> str:
    """Who has taken it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        holder = (
            Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).values_list("holder", flat=True).first()
        )
        if holder:
            return holder
        time.sleep(0.005)
    raise AssertionError("nobody has taken it")


def has_ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.finished_at is not None


def killed(workers: dict[int, SimpleNamespace], holder: str) -> tuple[SimpleNamespace, SimpleNamespace]:
    """The host of the worker that works dies, all of it; that host, and the other one."""
    doomed = int(holder.rpartition("-")[2])
    supervisor_pid = next(pid for pid in workers if doomed in children_of(pid))
    children = children_of(supervisor_pid)
    for pid in (supervisor_pid, *children):
        os.kill(pid, signal.SIGKILL)
    return workers[supervisor_pid], next(place for pid, place in workers.items() if pid != supervisor_pid)


def test_an_upload_whose_chunks_alternate_survives_the_death_of_the_worker_that_examines_it(
    people: SimpleNamespace, s3: SimpleNamespace, disk: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(host(s3)) for _ in range(2))
        webs = [stack.enter_context(WebServer(**place.environment)) for place in (first, second)]
        trees = {stack.enter_context(supervisor(**place.environment)).pid: place for place in (first, second)}
        until(lambda: KnownHost.objects.count() == 2, "both hosts are known")
        refused = run(SimpleNamespace(environment={"IMS_DATA_DIR": str(tmp_path / "third")}), "run_worker")
        assert refused.returncode == 1
        assert "its spool is a folder, and is to be in S3 (IMS_SPOOL=s3)" in refused.stderr

        senders = [Sender.of(people.bob, web) for web in webs]
        address, chunk = begin(client_of(people.bob), SIZE), SIZE // CHUNKS
        for number in range(CHUNKS):
            here, there = senders[number % 2], senders[1 - number % 2]
            offset = there.offset(address)
            assert offset == number * chunk
            here.send(address, disk, offset, chunk)
        upload = upload_at(address)
        job = Job.objects.get(subject_id=upload.pk)
        dead, alive = killed(trees, until_begun(job))

        until(lambda: has_ended(job), "the other host's worker examined it")
        assert (job.state, job.attempt, job.deaths) == ("done", 2, 1)
        wanted = hashlib.sha256(disk.read_bytes()).hexdigest()
        upload.refresh_from_db()
        assert (upload.state, upload.found["sha256"]) == ("complete", wanted)
        assert [each.files("uploads", "downloads") for each in (first, second)] == [[], []]
        assert alive.files("work") == []

        image = import_image(
            Import(upload=upload, name="web", type="system", min_disk_gb=1), actor=people.bob
        )
        until(lambda: has_ended(Job.objects.get(subject_id=image.pk)), "the image was made")
        image.refresh_from_db()
        assert image.status == "active"
        stored = alive.data / "regions" / image.region_id / "images" / image.disks.get().ref
        raw = tmp_path / "raw"
        subprocess.run(["qemu-img", "convert", "-O", "raw", stored, raw], check=True)
        assert hashlib.sha256(raw.read_bytes()).hexdigest() == wanted

        left = "from images.verify.orphans import remove_orphans; remove_orphans()"
        assert run(dead, "shell", "-c", left).returncode == 0
        assert dead.files("work", "uploads") == alive.files("work", "uploads") == []
        assert (s3.names(), SpooledPart.objects.count(), Upload.objects.count()) == ([], 0, 0)
