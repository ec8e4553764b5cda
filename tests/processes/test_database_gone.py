"""PostgreSQL is killed under a whole `manage.py serve` at work, and started again: everything goes on by itself.

It is a cluster of the test's own, whatever database the other tests use.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.databases import cluster, pg_ctl
from tests.conftest import CACHE
from tests.support.console import Console, free_port, served, wait_for
from tests.support.database import fill_postgresql

pytestmark = pytest.mark.slow(reason="a whole console and a PostgreSQL start, are killed and waited for")
JOBS = 12
FURNISH = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from imsconsole.accounts.models import User
from imsconsole.demo.furnish import furnish_people, furnish_places
furnish_places()
furnish_people("flow-password-1")
alice, session = User.objects.get(username="alice"), SessionStore()
session[SESSION_KEY] = str(alice.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = alice.get_session_auth_hash()
session.save()
print(session.session_key)
"""
# the first holds the only bulk worker until it may go on
BEGIN = """
from django.db import connections, transaction
connections.close_all()
from imsconsole.accounts.actor import service_actor
from imsconsole.accounts.models import Project
from imsconsole.jobs.start import start_job
from tests.factories import ImageFactory
from tests.jobs.kinds import WriteFiles, QuickWriteFiles
actor = service_actor(Project.objects.filter(account__memberships__user__username="alice").first())
for number in range({jobs}):
    with transaction.atomic():
        image = ImageFactory(project=actor.project, status="saving")
        kind = QuickWriteFiles if number % 2 else WriteFiles
        start_job(kind, image, actor=actor, reserves={{"images": 1}}, folder={folder!r}, waits=not number)
"""
STATES = """
import json
from django.db import connections
connections.close_all()
from imsconsole.jobs.models import Job, Reservation
from images.models import Image
print(json.dumps([*Job.objects.values_list("state", flat=True), *Image.objects.exclude(status="active").values_list("status", flat=True)]))
assert Job.objects.filter(state__in=["queued", "running"]).exists() or not Reservation.objects.exists()
"""
CHECK = "from django.core.management import call_command; call_command('check_store')"


@contextmanager
def console_on(port: int, data: Path) -> Iterator[Console]:
    """A console without a demo, served; its first process lives at the end."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("IMS_", "DJANGO_"))}
    environment = {
        **usual,
        "IMS_DATA_DIR": str(data),
        "IMS_DATABASE_URL": f"postgres://postgres@127.0.0.1:{port}/postgres",
        "IMS_PORT": str(web_port := free_port()),
        "IMS_SCREEN_PORT": str(free_port()),
        "IMS_DEMO": "0",
        "IMS_JOB_LEASE_S": "2",
        "IMS_QUICK_WORKERS": "1",
        "IMS_BULK_WORKERS": "1",
    }
    console = Console(f"http://localhost:{web_port}", data, environment)
    fill_postgresql(environment["IMS_DATABASE_URL"], CACHE)
    with served(console) as process:
        yield console
        assert process.poll() is None, "nobody had to start it again"


def asked(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Readers:
    """Four who ask for a page again and again, and what they got: a status, and whether it was a page of ours."""

    def __init__(self, url: str, **headers: str) -> None:
        self.answers: Counter[tuple[int, bool]] = Counter()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(url, headers)) for _ in range(4)]

    def _read(self, url: str, headers: dict[str, str]) -> None:
        while not self._ended.wait(0.6):
            status, text = asked(url, **headers)
            self.answers[status, "console.css" in text and "Traceback" not in text] += 1

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ims-gone-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_console_goes_on_when_its_postgresql_was_killed(data: Path) -> None:
    (data / "files").mkdir()
    with cluster(data / "postgres") as port, console_on(port, data / "console") as console:
        cookie = f"sessionid={console.python(FURNISH).strip()}"
        page, health = f"{console.url}/images/", f"{console.url}/healthz"
        console.python(BEGIN.format(jobs=JOBS, folder=str(data / "files")))
        with Readers(page, Cookie=cookie) as readers:
            wait_for(lambda: list((data / "files").glob("*/*.tmp")), "the first job writes")
            os.kill(int((data / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            wait_for(lambda: asked(health)[0] == 503, "it says so")
            assert json.loads(asked(health)[1])["database"] is False
            for language, sentence in (("en", "The database does not answer"), ("zh-hans", "数据库")):
                status, text = asked(page, Cookie=cookie, **{"Accept-Language": language})
                assert (status, sentence in text, "Traceback" in text) == (503, True, False)
            wait_for(lambda: (503, True) in readers.answers, "a reader is told so")
            wait_for(lambda: starts(data / "postgres"), "PostgreSQL starts")
            wait_for(lambda: asked(health)[0] == 200, "it is well again")
            (data / "files" / "go").touch()
            wait_for(lambda: set(json.loads(console.python(STATES))) == {"done"}, "all jobs are done", 60)
        assert set(readers.answers) == {(200, True), (503, True)}
        assert len(json.loads(console.python(STATES))) == JOBS
        assert asked(page, Cookie=cookie)[0] == 200
        assert not list((data / "files").glob("*/*.tmp"))
        assert console.python(CHECK) == "The store is clean.\n"


def starts(folder: Path) -> bool:
    """Not as long as processes of the one that was killed are there."""
    try:
        pg_ctl(folder, "-l", folder / "log", "-t", "10", "restart")
    except subprocess.CalledProcessError:
        return False
    return True
