"""Whatever lies in the data folder belongs to a row or to living work, or it is told and swept."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings

from images.uploads.services import discard_upload
from images.verify.orphans import remove_orphans, remove_scraps
from imsconsole.cloud.buckets.store import incoming_path
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.inspection import host_qemu_img
from imsconsole.core.folders import locked_folder, remove
from imsconsole.engine.conversion.inspecting import readable
from imsconsole.engine.types import Power
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.conftest import engine  # noqa: F401
from tests.cloud.servers.machines import REGION, running_server
from tests.engine.guests import state_of
from tests.images.create.importing import uploaded
from tests.images.verify.test_check_store import check
from tests.support.workers import worker_environment

pytestmark = pytest.mark.django_db
DATA = Path(settings.DATA_DIR)
HERE = f"regions/{REGION}"
SERVER, DISK = uuid4(), uuid4()
BY_THE_CLOCK = ("uploads", "work", "tmp", "building")
BY_REPAIR = (
    "buckets", "buckets/incoming", "buckets/objects", "buckets/objects/ab",
    HERE, f"{HERE}/scrap", f"{HERE}/images", f"{HERE}/disks", f"{HERE}/servers", f"{HERE}/servers/{SERVER}", "cache",
)  # fmt: skip
BY_NOBODY = ("", "database", "regions")  # there is what an operator has put there
NAMED_LIKE_OURS = {
    f"uploads/{uuid4().hex}",
    f"work/{uuid4().hex}-1-inspect",
    f"buckets/incoming/{uuid4().hex}",
    f"buckets/objects/ab/ab{uuid4().hex[2:]}",
    f"{HERE}/images/{DISK}.a-1.qcow2",
    f"{HERE}/disks/{DISK}.a-1.qcow2",
    f"{HERE}/scrap/part-{DISK}-a-1",
    f"{HERE}/scrap/read-{uuid4().hex}/file-1",
    f"{HERE}/scrap/{uuid4().hex}-1-store/made",
    f"{HERE}/servers/{uuid4()}/system-{DISK}.a-1/disk.qcow2",
    f"tmp/{uuid4().hex}/spooled.upload",
    f"building/building-{uuid4().hex}/disk",
}
FOLDERS_NAMED_LIKE_FILES = {
    f"buckets/incoming/{uuid4().hex}",
    f"buckets/objects/ab/ab{uuid4().hex[2:]}",
    f"{HERE}/images/{uuid4()}.a-1.qcow2",
    f"{HERE}/disks/{uuid4()}.a-1.qcow2",
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that strays are links to."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    return tmp_path / "outside"


@pytest.fixture
def lay(people, outside: Path) -> Iterator[Callable[[str], list[Path]]]:
    """Lay a stray of each kind into a folder; nothing of them stays when the test has ended."""
    engine_for(REGION)
    factories.ServerFactory(project=people.bob.project, pk=SERVER, ref=str(SERVER), status="stopped")
    (DATA / HERE / "servers" / str(SERVER)).mkdir()
    laid = [
        DATA / HERE / "servers" / str(SERVER),
        *(DATA / name for name in NAMED_LIKE_OURS | FOLDERS_NAMED_LIKE_FILES),
    ]

    def each_kind(folder: str) -> list[Path]:
        (DATA / folder).mkdir(parents=True, exist_ok=True)
        file, filled, link, pipe = strays = [DATA / folder / f"stray.{number}" for number in range(4)]
        file.write_bytes(b"stray")
        filled.mkdir()
        (filled / "file").touch()
        link.symlink_to(outside)
        os.mkfifo(pipe)
        laid.extend(strays)
        return strays

    yield each_kind
    for path in laid:
        remove(path)


def told(path: Path, said: str) -> bool:
    """Whether a line speaks of it: by its name below the data folder or the region's, or alone."""
    names = (path.relative_to(DATA), path.name, path.parent.name)
    return any(str(name) in said for name in names)


def there(paths: list[Path]) -> list[Path]:
    return [path for path in paths if os.path.lexists(path)]


def test_what_belongs_to_nothing_is_told_and_swept(lay, outside: Path) -> None:
    named = [DATA / name for name in NAMED_LIKE_OURS]
    for path in named:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"stray")
    for name in FOLDERS_NAMED_LIKE_FILES:
        (DATA / name).mkdir(parents=True)
        named.append(DATA / name)
    clocks, ours, others = (
        [path for folder in group for path in lay(folder)] for group in (BY_THE_CLOCK, BY_REPAIR, BY_NOBODY)
    )

    half_a_key = DATA / ".master_key.new"
    half_a_key.touch()
    ours.append(half_a_key)
    assert not told(half_a_key, check()), "one that is written just now"
    for path in (half_a_key, DATA / "cache"):
        os.utime(path, (0, 0))

    said = check()
    assert [path for path in (*named, *clocks, *ours, *others) if not told(path, said)] == []
    assert there([*named, *clocks, *ours, *others]) == [*named, *clocks, *ours, *others]

    remove_orphans()
    assert there(clocks) == []
    assert there([*ours, *others]) == [*ours, *others]

    said = check("--repair")
    assert there([*named, *ours]) == []
    assert there(others) == others
    assert len(said.splitlines()) - said.count("repaired") - 1 == len(others)

    for path in others:
        remove(path)
    assert "clean" in check()
    assert (outside / "kept").exists()


@pytest.mark.guest
def test_what_belongs_to_living_work_is_neither_told_nor_swept(people, engine) -> None:  # noqa: F811
    server = running_server(people.bob)
    job = Job.objects.create(
        kind="x", path="x", queue="bulk", project=people.bob.project, subject_kind="image",
        subject_id=uuid4(), subject_name="x", state="running",
    )  # fmt: skip
    token, region = f"{job.pk.hex}-1-store", DATA / HERE
    upload = factories.UploadFactory(
        project=people.bob.project, user=people.bob.user, expires_at="2100-01-01T00:00Z"
    )
    arriving = factories.BucketObjectFactory(
        bucket=factories.BucketFactory(project=people.bob.project), state="arriving"
    )
    with_rows = [upload.path, incoming_path(arriving.pk)]
    of_the_job = [
        region / "images" / f"{uuid4()}.{token}.qcow2",
        region / "disks" / f"{uuid4()}.{token}.qcow2",
        region / "scrap" / f"part-{uuid4()}-{token}",
        region / "scrap" / token / "made",
        region / "servers" / server.ref / "run" / f"capture-{uuid4()}.{token}.qcow2",
        work_dir() / token,
    ]
    files = [*with_rows, *of_the_job]
    (region / "scrap" / token).mkdir()
    for path in files:
        path.touch()
    with (
        locked_folder(settings.TEMP_DIR) as temporary,
        readable(host_qemu_img().scratch, ["info", str(upload.path)]) as (reading, _),
    ):
        files += [temporary, *reading.iterdir(), *(region / "servers" / server.ref).rglob("*")]
        assert check("--repair") == "The store is clean.\n"
        remove_orphans()
        assert there(files) == files
    assert state_of(engine, server.ref).power is Power.RUNNING

    job.delete()
    remove_orphans()
    assert there(of_the_job) == of_the_job[:2], "what may have been stored is left to a repair"
    check("--repair")
    assert there([*with_rows, *of_the_job]) == with_rows


MARKER = b"marker-2f1c9e07d4"  # in no file of a kernel
KILLED = """
import sys
import django
django.setup()
from django.core.files.uploadedfile import TemporaryUploadedFile
from imsconsole.cloud.inspection import host_qemu_img
from imsconsole.engine.conversion.inspecting import readable

with TemporaryUploadedFile("logo.png", "image/png", 6, "") as spooled:
    spooled.write(sys.argv[2].encode())
    spooled.flush()
    with readable(host_qemu_img().scratch, ["info", sys.argv[1]]):
        print("reading", flush=True)
        sys.stdin.read()
"""


@pytest.mark.slow(reason="a process of ours starts")
@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_discarded_upload_outlives_a_reader_that_is_killed(
    people, disks: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source.raw"
    source.write_bytes((disks / "disk.raw").read_bytes()[: -len(MARKER)] + MARKER)
    upload = uploaded(people.bob, source)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(upload.path), MARKER.decode()],
        cwd=settings.BASE_DIR,
        env={**worker_environment(), "DJANGO_SETTINGS_MODULE": "imsconsole.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"reading\n"
        assert "clean" in check("--repair")
        assert len(with_marker()) == 3, "the upload, the link that is read, and what was spooled"
        reader.send_signal(signal.SIGKILL)

    discard_upload(upload, actor=people.bob)
    said = check()
    assert "temporary file inspection/read-" in said
    assert "temporary file tmp/" in said
    remove_orphans()
    assert with_marker() == []
    assert "clean" in check()


def with_marker() -> list[str]:
    """The files with it. Another process reads: whoever closes the file of the database loses the locks of its connection."""
    grep = ["grep", "--recursive", "--files-with-matches", "--fixed-strings", MARKER.decode(), str(DATA)]
    return subprocess.run(grep, capture_output=True, text=True, check=False).stdout.splitlines()


@pytest.mark.django_db
def test_a_host_without_a_clock_removes_what_killed_processes_left_on_its_disk_alone() -> None:
    left = [
        work_dir() / f"{uuid4().hex}-1-inspect",
        incoming_path(uuid4()),
        Path(settings.TEMP_DIR) / uuid4().hex,
    ]
    kept = Path(settings.UPLOAD_DIR) / uuid4().hex
    for path in (*left, kept):
        path.touch()
    remove_scraps()
    assert (there(left), there([kept])) == ([], [kept])
    remove_orphans()
    assert there([kept]) == []
