"""The image of containers is built from a Debian, and its processes run as the compose file says, on PostgreSQL and S3."""

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.machine import debian
from tests.deploy.proxies import DEPLOY
from tests.support.console import ROOT, answers, free_port, wait_for
from tests.support.s3 import KEY, SECRET, S3Server

pytestmark = pytest.mark.deploy

IMAGE, BASE = "localhost/ims-console-test", "localhost/ims-console-test-base"
# neither namespaces nor cgroups: what runs it is not what is tried out
ALONE = ("--isolation", "chroot", "--network", "host")
COMPOSE = yaml.safe_load((DEPLOY / "oci" / "compose.yaml").read_text())
SECRETS = {
    "POSTGRES_PASSWORD": "of-a-test",
    "IMS_S3_SECRET_KEY": SECRET,
    "IMS_SECRET_KEY": "0" * 64,
    "IMS_MASTER_KEY": "A" * 43 + "=",
    "IMS_HOST": "localhost",
}


def buildah(*words: "str | Path") -> str:
    done = subprocess.run(["buildah", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(wheels: Path) -> Iterator[str]:
    """Built as its first line says, from a Debian of ours and files for pip."""
    if os.geteuid() != 0 or not shutil.which("buildah"):
        pytest.skip("no deploy: buildah is not installed (make test-deploy does), or we are not root")
    container = buildah("from", "scratch")
    buildah("add", container, debian())
    buildah("commit", "--rm", container, BASE)
    given = ["--build-arg", f"BASE={BASE}", "--build-arg", "PIP_OPTIONS=--no-index --find-links /wheels"]
    buildah(
        "bud",
        *ALONE,
        *given,
        "--volume",
        f"{wheels}:/wheels:ro",
        "-f",
        "deploy/oci/Containerfile",
        "-t",
        IMAGE,
        ".",
    )
    yield IMAGE
    buildah("rmi", "--force", IMAGE)


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of an empty database."""
    words = 'createdb ims && echo "$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT" && cat'
    server = subprocess.Popen(
        ["pg_virtualenv", "-t", "sh", "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        said = next(line.strip() for line in server.stdout if "@" in line)
        yield f"postgres://{said}/ims"
    finally:
        server.communicate()


def settings_of(service: str, **instead: str) -> dict[str, str]:
    """Its environment as the compose file has it, and what is other on this host."""
    told: dict[str, Any] = COMPOSE["services"][service]["environment"]
    filled = {
        name: re.sub(r"\$\{(\w+)\}", lambda found: SECRETS.get(found[1], ""), str(value))
        for name, value in told.items()
    }
    return {**filled, **instead}


def test_what_the_compose_file_says_of_the_console_runs(image: str, tmp_path: Path) -> None:
    web, screens = free_port(), free_port()
    data = tmp_path / "of-the-console"
    data.mkdir()
    data.chmod(0o711)
    objects = S3Server(tmp_path)
    with postgresql() as database:
        objects.client().create_bucket(Bucket=COMPOSE["services"]["web"]["environment"]["IMS_S3_BUCKET"])
        instead = {
            "IMS_DATABASE_URL": database, "IMS_S3_ENDPOINT": objects.url, "IMS_S3_ACCESS_KEY": KEY, "IMS_S3_REGION": "us-east-1",
            "IMS_PORT": str(web), "IMS_SCREEN_PORT": str(screens), "IMS_BIND": "127.0.0.1",
        }  # fmt: skip
        container = buildah("from", image)

        def command(service: str) -> list[str]:
            settings = settings_of(service, **instead)
            environment = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
            volume = ["--volume", f"{data}:/var/lib/ims-console"]
            words = COMPOSE["services"][service]["command"]
            return ["buildah", "run", *ALONE, *environment, *volume, container, "--", "ims-console", *words]

        running: list[subprocess.Popen[bytes]] = []
        try:
            subprocess.run(command("setup"), check=True)
            running += [subprocess.Popen(command(service)) for service in ("web", "workers", "screens")]
            wait_for(lambda: answers(f"http://localhost:{web}/healthz"), "it is not well")
            with urllib.request.urlopen(f"http://localhost:{web}/healthz") as answer:
                told = answer.read()
            assert all(part in told for part in (b'"ok": true', b'"worker": true', b'"screens": true'))
            doctor = subprocess.run(
                [*command("setup")[:-1], "doctor"], stdout=subprocess.PIPE, text=True, check=False
            ).stdout
            for line in (
                "database: postgresql",
                "S3: buckets: written, read and deleted",
                "S3: spool: written",
            ):
                assert line in doctor
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()
            objects.kill()
            buildah("rm", container)
