"""The examples of proxies in deploy/, run in front of a console: nginx and Caddy, with TLS."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import proxies
from tests.deploy.journey import answer_of, uploads_and_downloads, watches_a_screen
from tests.support.console import Console, answers, free_port, running_console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.deploy, pytest.mark.browser, pytest.mark.guest]
WHOLE = "user root;\npid {0}/pid;\nerror_log {0}/log;\nevents {{}}\nhttp {{ access_log off; {1} }}\n"


@contextmanager
def running(command: list[str | Path], folder: Path, url: str) -> Iterator[None]:
    """A proxy, once it answers."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, env={"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin"}
        )
    try:
        wait_for(lambda: process.poll() is not None or answers(url), "the proxy does not answer", 60)
        assert process.poll() is None, (folder / "said").read_text()
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(params=["nginx", "caddy"])
def proxied(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Console, Path]]:
    """The console behind it, whose address is the proxy's, and the proxy's certificate."""
    kind = str(request.param)
    if not shutil.which(kind):
        pytest.skip(f"no deploy: {kind} is not installed (make test-deploy does)")
    chain, _key = proxies.certify(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    ports = proxies.Ports(free_port(), free_port(), 0, 0)
    accel = {"IMS_X_ACCEL": "/stored/"} if kind == "nginx" else {}
    with running_console(**proxies.behind(ports, **accel)) as console:
        told = console.environment
        ports = proxies.Ports(ports.https, ports.http, int(told["IMS_PORT"]), int(told["IMS_SCREEN_PORT"]))
        config = tmp_path / "config"
        if kind == "nginx":
            config.write_text(
                WHOLE.format(tmp_path, proxies.nginx(ports, str(tmp_path / "tls"), str(console.data)))
            )
            command = ["nginx", "-c", config, "-g", "daemon off;"]
        else:
            config.write_text(proxies.caddy(ports, str(tmp_path / "tls")))
            command = ["caddy", "run", "--config", config, "--adapter", "caddyfile"]
        url = f"https://localhost:{ports.https}"
        with running(command, tmp_path, url):
            yield Console(url, console.data, told), chain


def test_files_come_and_go_and_screens_are_watched(
    proxied: tuple[Console, Path], at: Callable[[str, Path], Visitor], tmp_path: Path
) -> None:
    console, chain = proxied
    alice = at(console.url, chain)
    alice.sign_in("alice")
    image = uploads_and_downloads(alice, "proxied", tmp_path)
    watches_a_screen(alice, "proxied")
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in alice.page.context.cookies(console.url))
    stored = f"{console.url}/images/{image}/download/stored/"
    with answer_of(stored, chain, Cookie=cookies, Range="bytes=5-8") as part:
        assert (part.status, len(part.read())) == (206, 4)
        assert part.headers["X-Content-Type-Options"] == "nosniff"
        assert part.headers["Strict-Transport-Security"]
        assert "attachment" in part.headers["Content-Disposition"]
        assert part.headers["Repr-Digest"].startswith("sha-256=:")
        assert "X-Accel-Redirect" not in part.headers
    # the host that a client names itself is not believed: the console would refuse it
    with answer_of(f"{console.url}/accounts/login/", chain, X_Forwarded_Host="evil.example") as page:
        assert page.status == 200
