"""The image of containers is built from a Debian; the compose file is brought up, used behind a proxy, taken down and up again."""

import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.deploy import containers, proxies
from tests.deploy.containers import Project, Store
from tests.deploy.journey import uploads_and_downloads
from tests.deploy.test_proxies import WHOLE, running
from tests.flows.test_export import download_stored
from tests.support.console import PASSWORD, free_port, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.deploy, pytest.mark.browser]

SECRETS = {
    "POSTGRES_PASSWORD": "of-a-test",
    "IMS_S3_SECRET_KEY": "0" * 64,
    "IMS_SECRET_KEY": "0" * 64,
    "IMS_MASTER_KEY": "A" * 43 + "=",
    "IMS_HOST": "localhost",
    "IMS_S3_ENDPOINT": "http://objects:8333",
    "KVM": "/dev/null",
}
PEOPLE = f"""
from imsconsole.demo.furnish import furnish_flavors, furnish_people, furnish_places
from imsconsole.cloud.hosts import ask_hosts
furnish_places(), ask_hosts(), furnish_people({PASSWORD!r}), furnish_flavors()
"""


@pytest.fixture(scope="module")
def store(wheels: Path) -> Iterator[Store]:
    """Images of all services, the console's built as the first line of its file says."""
    with containers.store() as made:
        given = [
            "--build-arg",
            f"BASE={containers.BASE}",
            "--build-arg",
            "PIP_OPTIONS=--no-index --find-links /wheels",
        ]
        source = proxies.DEPLOY.parent
        made.build(
            "localhost/ims-console", proxies.DEPLOY / "oci" / "Containerfile", source, *given, "--volume", f"{wheels}:/wheels:ro"
        )  # fmt: skip
        containers.make_stand_ins(made)
        yield made


def goes_up(project: Project, ports: proxies.Ports) -> None:
    """Until pages, a worker and the bridge are there."""
    project.compose("up", "-d")
    wait_for(lambda: health(ports.web).get("ok") and health(ports.web)["worker"], "it is not well", 400)
    socket.create_connection(("127.0.0.1", ports.screens), timeout=30).close()


def health(port: int) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=5) as answer:
            return dict(json.load(answer))
    except OSError:
        return {}


def test_the_compose_file_is_brought_up_used_and_brought_up_again(
    store: Store, at: Callable[[str, Path], Visitor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = proxies.Ports(free_port(), free_port(), free_port(), free_port())
    told = {"WEB_PORT": ports.web, "SCREEN_PORT": ports.screens, "S3_PORT": free_port()}
    chain, _key = proxies.certify(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    config = tmp_path / "config"
    config.write_text(WHOLE.format(tmp_path, proxies.nginx(ports, str(tmp_path / "tls"), str(tmp_path))))
    url = f"https://localhost:{ports.https}"
    settings = {**SECRETS, **{name: str(port) for name, port in told.items()}}
    with containers.project(store, tmp_path / "oci", settings) as project:
        goes_up(project, ports)
        project.console("shell", "-v", "0", "-c", PEOPLE)
        doctor = project.podman("exec", "ims-console-workers", "sh", "-c", "ims-console doctor || true")
        for line in ("database: postgresql", "S3: buckets: written, read and deleted", "S3: spool: written"):
            assert line in doctor
        assert "cannot keep a copy" not in doctor
        with running(["nginx", "-c", config, "-g", "daemon off;"], tmp_path, url):
            alice = at(url, chain)
            alice.sign_in("alice")
            image = uploads_and_downloads(alice, "of-containers", tmp_path)
            project.compose("down")
            assert project.podman("ps", "-aq") == ""
            goes_up(project, ports)
            alice = at(url, chain)
            alice.sign_in("alice")  # of the database that was there
            expect(alice.open(f"/images/{image}/").locator("main")).to_contain_text("of-containers")
            download_stored(alice, image, tmp_path)
