"""The NoCloud seed says what cloud-init's documentation says it reads."""

import email
import io
import json
import subprocess
from email.message import Message
from pathlib import Path

import pycdlib
import pytest

from imsconsole.engine.cloud_config import user_data
from imsconsole.engine.local.seed import meta_data, network_config, write_seed
from imsconsole.engine.local.serial import plain_text
from imsconsole.engine.types import Seed
from tests.engine.guests import server_spec

SEED = Seed("i-1", "my-host", ("ssh-ed25519 AAAA me",), "$6$salt$hash")


def values(cloud_config: str) -> dict[str, object]:
    head, *lines = cloud_config.splitlines()
    assert head == "#cloud-config"
    return {name: json.loads(value) for name, _, value in (line.partition(": ") for line in lines)}


def test_the_seed_is_an_iso_that_cloud_init_finds(tmp_path: Path) -> None:
    write_seed(tmp_path / "seed.iso", server_spec(seed=SEED), static_address=True)
    iso = pycdlib.PyCdlib()
    iso.open(str(tmp_path / "seed.iso"))
    assert iso.pvd.volume_identifier.strip() == b"cidata"
    read = io.BytesIO()
    iso.get_file_from_iso_fp(read, rr_path="/meta-data")
    iso.close()
    assert read.getvalue() == meta_data(SEED)


def parts_of(seed: Seed) -> list[Message]:
    return email.message_from_bytes(user_data(seed)).get_payload()  # type: ignore[return-value]


def test_the_hash_of_a_password_is_there_and_never_the_password() -> None:
    settings = values(parts_of(SEED)[0].get_payload())
    assert settings["ssh_pwauth"] is True
    assert settings["users"] == [
        {
            "name": "root",
            "lock_passwd": False,
            "hashed_passwd": "$6$salt$hash",
            "ssh_authorized_keys": ["ssh-ed25519 AAAA me"],
        }
    ]


def test_root_s_password_is_one_that_sshd_takes(tmp_path: Path) -> None:
    """What cloud-init runs before sshd starts; with a folder of settings, and without."""
    _ours, hook = parts_of(SEED)
    assert hook.get_content_type() == "text/cloud-boothook"
    for name, has_folder in (("new", True), ("old", False)):
        config = tmp_path / name / "sshd_config"
        (tmp_path / name / ("sshd_config.d" if has_folder else "")).mkdir(parents=True, exist_ok=True)
        config.write_text("PermitRootLogin prohibit-password\n")
        script = hook.get_payload().replace("/etc/ssh/sshd_config", str(config))
        script = script.replace("cloud-init-per instance root-password ", "")
        subprocess.run(["sh", "-ec", script], check=True)
        written = tmp_path / name / "sshd_config.d/05-root-password.conf" if has_folder else config
        assert written.read_text().splitlines()[0] == "PermitRootLogin yes", "sshd takes the first it reads"


@pytest.mark.parametrize(
    "seed", [Seed("i", "h", ("ssh-ed25519 AAAA me",)), Seed("i", "h", (), "$6$x", "debian")]
)
def test_sshd_is_told_nothing_where_root_has_no_password(seed: Seed) -> None:
    assert user_data(seed).startswith(b"#cloud-config")


def test_without_a_password_nobody_signs_in_with_one() -> None:
    settings = values(user_data(Seed("i-1", "my-host", user="debian")).decode())
    assert (settings["ssh_pwauth"], settings["disable_root"]) == (False, True)
    assert settings["users"][0]["lock_passwd"] is True  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (b"#!/bin/sh\necho \xe4\xbd\xa0\xe5\xa5\xbd\n", "text/x-shellscript"),
        (b"#cloud-config\npackages: [nginx]\n", "text/cloud-config"),
        (b"#include\nhttps://example.org/\n", "text/x-include-url"),
        (b"\x1f\x8b\x08\x00gzip", "text/plain"),
    ],
)
def test_user_data_rides_beside_our_settings(given: bytes, kind: str) -> None:
    seed = Seed("i-1", "h", user_data=given)
    ours, theirs = parts_of(seed)
    assert values(ours.get_payload())["hostname"] == "h"
    assert theirs.get_content_type() == kind
    assert theirs.get_payload(decode=True) == given


def test_the_address_is_static_where_nobody_answers_dhcp() -> None:
    server = server_spec(mac="FA:16:3E:00:00:01", private_ip="192.168.7.21")
    static = json.loads(network_config(server, static_address=True).decode().partition("ethernets: ")[2])
    assert static == {
        "nic0": {"match": {"macaddress": "fa:16:3e:00:00:01"}, "addresses": ["192.168.7.21/24"]}
    }
    assert b'"dhcp4": true' in network_config(server, static_address=False)


def test_a_console_log_is_read_without_its_escapes() -> None:
    written = b"\x1b[2J\x1b[01;01HBdsDxe: \x1b[1;31mred\x1b[0m\r\nline\x07\t\xff\x1b]0;title\x07end"
    assert plain_text(written) == "BdsDxe: red\nline\t\ufffdend"
