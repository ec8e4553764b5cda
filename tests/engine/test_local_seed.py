"""The NoCloud seed says what cloud-init's documentation says it reads."""

import email
import io
import json
from pathlib import Path

import pycdlib
import pytest

from imsconsole.engine.local.machines import plain_text
from imsconsole.engine.local.seed import meta_data, network_config, user_data, write_seed
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


def test_the_hash_of_a_password_is_there_and_never_the_password() -> None:
    settings = values(user_data(SEED).decode())
    assert settings["ssh_pwauth"] is True
    assert settings["users"] == [
        {
            "name": "root",
            "lock_passwd": False,
            "hashed_passwd": "$6$salt$hash",
            "ssh_authorized_keys": ["ssh-ed25519 AAAA me"],
        }
    ]


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
    ours, theirs = email.message_from_bytes(user_data(seed)).get_payload()
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
