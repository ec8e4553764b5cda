"""What stands in deploy/ agrees with the console and with itself; whether it runs say the other tests here."""

import re

import yaml

from imsconsole.processes.command_line import commands
from tests.deploy.proxies import DEPLOY
from tests.support.console import ROOT

STARTED = re.compile(r"^Exec\w+=/opt/ims-console/current/bin/ims-console (\S+)", flags=re.MULTILINE)
LISTENS = re.compile(r"^ListenStream=(.+)$", flags=re.MULTILINE)
SETTING = re.compile(r"\bIMS_[A-Z_]+[A-Z]\b")
COMPOSE = (DEPLOY / "oci" / "compose.yaml").read_text()


def test_units_and_containers_run_commands_that_there_are() -> None:
    units = [
        name for path in (DEPLOY / "systemd").glob("*.service") for name in STARTED.findall(path.read_text())
    ]
    services = yaml.safe_load(COMPOSE)["services"].values()
    given = [
        " ".join(each.get("command", each.get("entrypoint")))
        for each in services
        if "ims-console" in each["image"]
    ]
    containers = [
        word for each in given for word in re.findall(r"ims-console ([\w-]+)", each) or each.split()
    ]
    assert {"web", "worker", "screens", "set-up"} <= {*units} & {*containers}
    assert {*units, *containers} - commands().keys() == set()


def test_proxies_go_where_systemd_listens() -> None:
    sockets = sorted(
        LISTENS.findall("".join(path.read_text() for path in (DEPLOY / "systemd").glob("*.socket")))
    )
    for example in ("nginx/ims-console.conf", "caddy/Caddyfile"):
        assert sorted(set(re.findall(r"127\.0\.0\.1:\d+", (DEPLOY / example).read_text()))) == sockets


def test_settings_that_are_set_exist() -> None:
    known = set(SETTING.findall((ROOT / "imsconsole" / "docs" / "operate" / "settings.md").read_text()))
    used = set(
        SETTING.findall(
            (DEPLOY / "env").read_text() + COMPOSE + (DEPLOY / "oci" / "Containerfile").read_text()
        )
    )
    assert used - known == {"IMS_HOST"}  # which is the compose file's own


def test_the_container_has_the_packages_of_the_script() -> None:
    (script,) = re.findall(r'^packages="([^"]+)"', (DEPLOY / "install.sh").read_text(), flags=re.MULTILINE)
    container = (DEPLOY / "oci" / "Containerfile").read_text().split("FROM ${BASE}\n")[1]
    assert [
        name for name in script.split() if name != "python3-venv" and not re.search(rf"\b{name}\b", container)
    ] == []
