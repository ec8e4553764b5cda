"""Signing in to a guest by SSH, with the line that a server's page says."""

import os
import shlex
import subprocess
import time
from pathlib import Path

PATIENCE_S = 1200  # of a guest without KVM on a busy machine; not a measure of anything
OPTIONS = (
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "NumberOfPasswordPrompts=1",
    "ConnectTimeout=60",
)


def new_key(folder: Path) -> str:
    """The public half of a new key `folder/key`."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    return (folder / "key.pub").read_text().strip()


def said(line: str, asked: str, folder: Path, *, password: str = "") -> str:
    """What the guest answers, once its sshd is up: to the password, or else to the key of the folder."""
    way = "PubkeyAuthentication=no" if password else "BatchMode=yes"
    options = [*OPTIONS, way, f"IdentityFile={folder / 'key'}"]
    login = [*shlex.split(line), *(part for option in options for part in ("-o", option)), asked]
    answer = folder / "answer"
    answer.write_text(f"#!/bin/sh\necho '{password}'\n")
    answer.chmod(0o700)
    asks = {**os.environ, "SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force"}
    deadline = time.monotonic() + PATIENCE_S
    while not (done := subprocess.run(login, capture_output=True, text=True, check=False, env=asks)).stdout:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(1)
    return done.stdout
