"""Containers of a test: Podman with a store and a network of its own, and images that stand in for what is pulled elsewhere."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.deploy.machine import debian
from tests.deploy.proxies import DEPLOY
from tests.support.console import ROOT
from tests.support.s3 import WEED

COMPOSE = DEPLOY / "oci" / "compose.yaml"
BASE = "localhost/debian"
# neither namespaces nor cgroups for what only builds
ALONE = ("--isolation", "chroot", "--network", "host")
PROGRAMS = ("podman", "buildah", "runc")
# as the official one takes them: POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD
POSTGRES = """
FROM localhost/debian
RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends postgresql
ENV PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin PGDATA=/var/lib/postgresql/data
COPY run.sh /
ENTRYPOINT ["sh", "-e", "/run.sh"]
"""
RUNS_POSTGRES = """
as() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }
install -d -m 700 -o postgres -g postgres /run/postgresql "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf %s "$POSTGRES_PASSWORD" > /tmp/password
    as initdb --username "$POSTGRES_USER" --pwfile /tmp/password --auth-host scram-sha-256 --encoding UTF8
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    as pg_ctl start --wait -o '-c listen_addresses='
    as createdb --username "$POSTGRES_USER" "$POSTGRES_DB"
    as pg_ctl stop
fi
exec setpriv --reuid postgres --regid postgres --clear-groups postgres -c 'listen_addresses=*'
"""
SEAWEEDFS = """
FROM localhost/debian
COPY weed /usr/bin/
ENTRYPOINT ["weed", "-logtostderr=true"]
"""


@dataclass(frozen=True)
class Store:
    """Where images, containers and volumes of a test are: nothing of the host's own is seen, nor stays."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        told = {
            "CONTAINERS_STORAGE_CONF": self.folder / "storage.conf",
            "CONTAINERS_CONF": self.folder / "containers.conf",
        }
        return {**os.environ, **{name: str(path) for name, path in told.items()}}

    def run(self, *words: "str | Path", cwd: Path = ROOT, **more: str) -> str:
        """What a program printed."""
        done = subprocess.run(
            words, cwd=cwd, env={**self.environment, **more}, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout.strip()

    def build(self, tag: str, containerfile: Path, context: Path, *options: str) -> None:
        self.run("buildah", "bud", *ALONE, *options, "-f", containerfile, "-t", tag, context)


@contextmanager
def store() -> Iterator[Store]:
    """With a Debian in it. Containers and networks of it are gone afterwards."""
    if os.geteuid() != 0:
        pytest.skip("no deploy: it takes root")
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        pytest.skip(f"no deploy: {', '.join(missing)} not installed (make test-deploy does)")
    here = Store(Path(tempfile.mkdtemp(prefix="ims-containers-", dir="/var/tmp")))
    places = "\n".join(f'{name} = "{here.folder / name}"' for name in ("graphroot", "runroot"))
    (here.folder / "storage.conf").write_text(f'[storage]\ndriver = "overlay"\n{places}\n')
    # without CAP_SYS_RESOURCE nobody is given more than Podman itself has, which takes less than it might
    limits = json.dumps([f"{name}=10000:10000" for name in ("nofile", "nproc")])
    (here.folder / "containers.conf").write_text(
        f"[containers]\ndefault_ulimits = {limits}\n"
        f'[engine]\nruntime = "runc"\n[network]\nnetwork_backend = "netavark"\n'
        f'network_config_dir = "{here.folder / "networks"}"\n'
    )
    try:
        container = here.run("buildah", "from", "scratch")
        here.run("buildah", "add", container, debian())
        here.run("buildah", "commit", "--rm", container, BASE)
        yield here
    finally:
        subprocess.run(
            ["podman", "system", "reset", "--force"], env=here.environment, check=False, capture_output=True
        )
        shutil.rmtree(here.folder)


def make_stand_ins(store: Store) -> None:
    """Images with the names that the compose file has, of programs that are here: PostgreSQL of Debian's, SeaweedFS of the tests' own."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    with tempfile.TemporaryDirectory() as name:
        context = Path(name)
        (context / "run.sh").write_text(RUNS_POSTGRES)
        shutil.copy(WEED, context / "weed")
        for service, text in (("database", POSTGRES), ("objects", SEAWEEDFS)):
            (context / service).write_text(text)
            store.build(services[service]["image"], context / service, context)


@dataclass(frozen=True)
class Project:
    """What a compose file describes, under a name of its own, with the settings of its `.env`."""

    store: Store
    folder: Path
    name: str

    def compose(self, *words: str) -> str:
        files = [word for path in sorted(self.folder.glob("*.yaml")) for word in ("-f", str(path))]
        program = Path(sys.executable).with_name("podman-compose")
        return self.store.run(program, "-p", self.name, *files, *words, cwd=self.folder)

    def podman(self, *words: str) -> str:
        return self.store.run("podman", *words)

    def console(self, *words: str) -> str:
        """A command of the console, in the container of its workers."""
        return self.podman("exec", "ims-console-workers", "ims-console", *words)


@contextmanager
def project(store: Store, folder: Path, settings: dict[str, str]) -> Iterator[Project]:
    """The compose file in a folder with an `.env` beside it; nothing runs yet."""
    folder.mkdir()
    shutil.copy(COMPOSE, folder)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    one = Project(store, folder, f"ims-{secrets.token_hex(4)}")
    try:
        yield one
    finally:
        told = {each: one.store.run("podman", "logs", each) for each in one.podman("ps", "-aq").split()}
        (folder / "logs.json").write_text(json.dumps(told, indent=1))
        one.compose("down", "--volumes")
