"""The install script on a fresh Debian with a real systemd: units, nginx in front, the main journey, what a restart leaves alone."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import proxies
from tests.deploy.journey import answer_of, uploads_and_downloads, watches_a_screen
from tests.deploy.machine import Machine, booted
from tests.flows.steps import press, ready
from tests.flows.test_change_os import told
from tests.flows.test_export import download_stored
from tests.flows.test_main_journey import main_journey
from tests.support.console import PASSWORD, ROOT, free_port
from tests.support.visitor import Visitor
from tests.support.workers import until

pytestmark = [pytest.mark.deploy, pytest.mark.browser, pytest.mark.guest]

UNITS = ("web", "screens", "workers")
EXPOSURE = 3.2  # of 10, as systemd-analyze counts; what is left is said in hardened.conf
BESIDES = (
    "syslinux",
    "syslinux-common",
    "jq",
    "procps",
)  # what the demo's images are built with, and papers use
SMALL = {
    "IMS_DEMO": "1",
    "IMS_DEMO_DEBIAN": "0",
    "IMS_DEMO_PASSWORD": PASSWORD,
    "IMS_GUEST_NETWORK": "user",
    "IMS_QUICK_WORKERS": "1",
    "IMS_BULK_WORKERS": "1",
    "IMS_STOP_TIMEOUT_S": "20",
    "IMS_X_ACCEL": "/stored/",
}
FOLDER = ROOT / "imsconsole" / "docs" / "operate"
BLOCK = re.compile(r"^```sh(?: (\w+))?\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
GUESTS = "pgrep -f '[q]emu-system-x86_64.*guest=' || true"


def blocks(paper: Path, occasion: str = "") -> list[str]:
    """The commands of a paper that are for everybody, or for an occasion (```sh restore) alone."""
    return [text for word, text in BLOCK.findall(paper.read_text()) if word == occasion]


APART = ("backup.md", "monitor.md")  # a test follows each of these to where it leads
PAPERS = [paper for paper in sorted(FOLDER.glob("*.md")) if blocks(paper) and paper.name not in APART]


@dataclass(frozen=True)
class Installed:
    machine: Machine
    url: str
    certificate: Path
    wheels: Path
    web_port: int
    said: str

    def follow(self, paper: str, occasion: str = "") -> None:
        """Run what a paper says, in a folder where the checkout's `deploy/` is at hand."""
        self.machine.run(f"mkdir -p /root/papers; ln -sfn {ROOT}/deploy /root/papers/deploy")
        for block in blocks(FOLDER / paper, occasion):
            here = block.replace("localhost:8000", f"localhost:{self.web_port}")
            offline = f"export PIP_NO_INDEX=1 PIP_FIND_LINKS={self.wheels}"
            self.machine.run(f"cd /root/papers; {offline}\n{here}")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[Installed]:
    """As docs/operate/install.md and proxy.md say, with ports that are free on this host."""
    ports = proxies.Ports(free_port(), free_port(), free_port(), free_port())
    tls = tmp_path_factory.mktemp("tls")
    chain, _key = proxies.certify(tls)
    with booted(ROOT, wheels, tls) as machine:
        for unit, port in (("web", ports.web), ("screens", ports.screens)):
            drop_in = f"/etc/systemd/system/ims-console-{unit}.socket.d"
            machine.run(
                f"mkdir -p {drop_in}; printf '[Socket]\\nListenStream=\\nListenStream=127.0.0.1:{port}\\n' > {drop_in}/port.conf"
            )
        env = {
            **SMALL,
            **proxies.behind(ports),
            "IMS_PORT": str(ports.web),
            "IMS_SCREEN_PORT": str(ports.screens),
        }
        lines = "\n".join(
            f"{name}={value}" for name, value in {"IMS_DATA_DIR": "/var/lib/ims-console", **env}.items()
        )
        machine.run(
            f"install -d /etc/ims-console; umask 077; cat > /etc/ims-console/env <<'END'\n{lines}\nEND"
        )
        # nginx would listen at this host's port 80
        machine.run(
            "printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d"
        )
        machine.run(
            f"apt-get -q update; apt-get -q install -y --no-install-recommends nginx-light {' '.join(BESIDES)}"
        )
        said = machine.run(f"{ROOT}/deploy/install.sh --wheels {wheels}")
        site = machine.root / "etc/nginx/sites-enabled"
        (site / "default").unlink()
        (site / "ims-console").write_text(proxies.nginx(ports))
        machine.run(f"install -d /etc/ssl/ims-console; install -m 600 {tls}/*.pem /etc/ssl/ims-console/")
        machine.run("install -d /etc/systemd/system/nginx.service.d")
        machine.run(f"cp {ROOT}/deploy/nginx/x-accel.conf /etc/systemd/system/nginx.service.d/")
        machine.run(
            "systemctl daemon-reload; systemctl restart nginx || { journalctl -u nginx --no-pager; exit 1; }"
        )
        yield Installed(machine, f"https://localhost:{ports.https}", chain, wheels, ports.web, said)


def test_the_script_ends_with_a_console_that_answers(installed: Installed) -> None:
    machine = installed.machine
    assert (
        machine.run(
            "systemctl is-active " + " ".join(f"ims-console-{unit}.service" for unit in UNITS)
        ).split()
        == ["active"] * 3
    )
    assert machine.run("systemctl list-units --failed --no-legend 'ims-console*'") == ""
    assert "good   database: sqlite" in installed.said
    assert "good   workers: one was seen a moment ago" in installed.said
    assert machine.run("stat -c '%U %a' /etc/ims-console/env /var/lib/ims-console").split() == [
        "root",
        "600",
        "root",
        "711",
    ]
    with answer_of(f"{installed.url}/healthz", installed.certificate) as answer:
        assert b'"ok": true' in answer.read()


def test_units_are_right_and_hardened(installed: Installed) -> None:
    machine = installed.machine
    files = " ".join(
        f"/etc/systemd/system/{path.name}"
        for path in (proxies.DEPLOY / "systemd").iterdir()
        if path.is_file()
    )
    assert machine.run(f"systemd-analyze verify {files}") == ""
    for unit in UNITS:
        told = machine.run(f"systemd-analyze security --no-pager ims-console-{unit}.service", is_well=False)
        found = re.search(r"Overall exposure level[^:]*: ([0-9.]+)", told)
        assert found is not None
        assert float(found[1]) <= EXPOSURE, told


def test_the_main_journey_behind_nginx(
    installed: Installed, at: Callable[[str, Path], Visitor], tmp_path: Path
) -> None:
    alice = at(installed.url, installed.certificate)
    main_journey(alice, "installed", "Flow guest B", "uefi", tmp_path)
    uploads_and_downloads(alice, "installed-noise", tmp_path)


def test_guests_run_as_nobody_else_and_outlive_the_workers_and_an_upgrade(
    installed: Installed, at: Callable[[str, Path], Visitor]
) -> None:
    machine = installed.machine
    alice = at(installed.url, installed.certificate)
    alice.sign_in("alice")
    server = watches_a_screen(alice, "outlives")
    ready(alice, server)
    (guest,) = machine.run(GUESTS).split()
    status = machine.run(f"cat /proc/{guest}/status")
    assert re.search(r"^Uid:\s+19000", status, flags=re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, flags=re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, flags=re.MULTILINE)

    machine.run("systemctl restart ims-console-workers.service")
    with asked_all_the_time(installed) as refused:
        machine.run(f"{ROOT}/deploy/install.sh --no-packages --wheels {installed.wheels}")
    assert refused == []
    assert machine.run(GUESTS).split() == [guest]
    assert len(machine.run("ls /opt/ims-console/releases").split()) == 2

    machine.run("systemctl stop ims-console-guests.service")
    assert machine.run(GUESTS) == ""
    assert "IMS-GUEST power off" in ready(alice, server)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.stem)
def test_commands_of_papers_run_as_they_are_written(installed: Installed, paper: Path) -> None:
    installed.follow(paper.name)


def test_debians_prometheus_asks_it(installed: Installed) -> None:
    """With the token that the paper makes, and the rules that are in the checkout."""
    installed.follow("monitor.md")
    machine, port = installed.machine, free_port()
    started = f"ExecStart=\\nExecStart=/usr/bin/prometheus --web.listen-address=127.0.0.1:{port} --storage.tsdb.path=/var/lib/prometheus/metrics2"
    drop_in = "/etc/systemd/system/prometheus.service.d"
    machine.run(
        f"install -d {drop_in}; printf '[Service]\\n{started}\\n' > {drop_in}/port.conf; systemctl daemon-reload"
    )
    installed.follow("monitor.md", "prometheus")
    machine.run(
        f"sed -i 's/localhost:8000/localhost:{installed.web_port}/; s/30s/1s/' /etc/prometheus/prometheus.yml"
    )
    machine.run("systemctl restart prometheus.service")

    def answered(path: str) -> Any:
        said = machine.run(f"curl -s 'http://127.0.0.1:{port}/api/v1/{path}'", is_well=False)
        return json.loads(said)["data"] if said.startswith("{") else {}

    def value(metric: str) -> str:
        return "".join(one["value"][1] for one in answered(f"query?query={metric}").get("result", []))

    until(lambda: value("up") == "1", "Prometheus gets its numbers")
    until(lambda: value("ims_workers_alive") == "1", "a worker is seen by it")
    rules = [rule for group in answered("rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 10
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}  # not yet evaluated


def test_it_is_destroyed_and_restored(
    installed: Installed, at: Callable[[str, Path], Visitor], tmp_path: Path
) -> None:
    """As the paper says; servers start with what was on their disks and in their TPM."""
    machine = installed.machine
    alice = at(installed.url, installed.certificate)
    alice.sign_in("alice")
    server = id_of(alice, "/servers/?q=installed", "installed")
    log = console_of(alice, server)
    noise = id_of(alice, "/images/?tab=private&q=installed-noise", "installed-noise")
    before = download_stored(alice, noise, tmp_path).read_bytes()

    installed.follow("backup.md")
    machine.run("systemctl stop ims-console.target ims-console-guests.service")
    assert machine.run(GUESTS) == ""
    machine.run("find /var/lib/ims-console -mindepth 1 -delete")

    installed.follow("backup.md", "restore")
    assert machine.run("ims-console check-store") == "The store is clean.\n"
    again = at(installed.url, installed.certificate)
    again.sign_in("alice")
    assert download_stored(again, noise, tmp_path).read_bytes() == before
    press(again, server, "start", "running")
    woken = ready(again, server)
    assert f"marker=IMS-MARKER {server}" in woken
    assert told(woken, "tpm-key") == told(log, "tpm-key")
    press(again, server, "force-off", "stopped")
    uploads_and_downloads(again, "restored-noise", tmp_path)
    watches_a_screen(again, "restored")


def id_of(alice: Visitor, path: str, name: str) -> str:
    """Of the thing of that name in a list."""
    link = alice.open(path).get_by_role("link", name=name, exact=True).first
    return str(link.get_attribute("href")).rstrip("/").rsplit("/", 1)[1]


def console_of(alice: Visitor, server: str) -> str:
    return alice.page.request.get(f"{alice.url}/servers/{server}/console.txt").text()


def test_it_is_removed_and_its_data_stay(installed: Installed) -> None:
    machine = installed.machine
    installed.follow("install.md", "remove")
    assert machine.run("systemctl list-units --all --no-legend 'ims-console*'") == ""
    assert machine.run("ls /opt /usr/local/bin /etc/systemd/system | grep ims || true") == ""
    assert machine.run("test -s /var/lib/ims-console/database/ims.sqlite3 && echo there") == "there\n"


@contextmanager
def asked_all_the_time(installed: Installed) -> Iterator[list[str]]:
    """What went wrong for somebody who opened pages all the while."""
    refused: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                with answer_of(f"{installed.url}/accounts/login/", installed.certificate) as answer:
                    answer.read()
            except OSError as error:
                refused.append(str(error))
            over.wait(0.2)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield refused
    finally:
        over.set()
        asking.join()
