"""The Debian that is built here: a real system, proved by what it says and by signing in to it."""

import subprocess
import time
from pathlib import Path

import pytest
from django.conf import settings

from images.launch.services import create_servers
from images.models import Image
from images.public.services import fetch_public_image
from imsconsole.cloud.engines import engine_of
from imsconsole.cloud.models import Server
from imsconsole.jobs.models import Job
from tests import factories
from tests.support.workers import finish, run_jobs

DISK_GB = 4
PATIENCE_S = 1200  # of a guest without KVM on a busy machine; not a measure of anything
ASKED = "hostname; cat /etc/debian_version; df --output=size -BM / | tail -1; ls -d /sys/firmware/efi"


@pytest.mark.debian
@pytest.mark.guest
@pytest.mark.slow(reason="some hundred packages are installed, and two systems boot without KVM")
@pytest.mark.django_db
def test_debian_is_built_boots_with_either_firmware_and_takes_a_login_by_ssh(
    platform, people, tmp_path: Path
) -> None:
    source = fetch_public_image(key="debian-12-built", boot_modes=("bios", "uefi"), actor=platform)
    job = finish(Job.objects.about(source.pk).get())
    assert job.state == Job.State.DONE, job.error_sentence
    assert list((Path(settings.DATA_DIR) / "building").iterdir()) == []

    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    public_key = (tmp_path / "key.pub").read_text().strip()
    key_pair = factories.KeyPairFactory(project=people.bob.project, public_key=public_key)
    flavor = factories.FlavorFactory(name="t6-medium-1", series="t6", memory_mb=512)
    images = Image.objects.filter(source_id=source.pk, region=people.bob.region)
    made = {
        image.boot_mode: create_servers(
            actor=people.bob,
            image=image,
            name=f"web-{image.boot_mode}",
            flavor=flavor,
            system_disk_gb=DISK_GB,
            key_pair=key_pair,
        )[0]
        for image in images
    }
    run_jobs()
    assert set(made) == {"bios", "uefi"}
    try:
        for boot_mode, server in made.items():
            server.refresh_from_db()
            _wait_for_prompt(server)
            _check(boot_mode, _said(server, tmp_path / "key"))
    finally:
        for server in made.values():
            engine_of(server).delete_server(server.ref)


def _wait_for_prompt(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while f"{server.name} login:" not in (log := engine_of(server).console_log(server.ref)):
        assert time.monotonic() < deadline, log
        time.sleep(1)


def _said(server: Server, key: Path) -> str:
    """What the guest answers over SSH, once its sshd is up and has the key."""
    login = [
        "ssh",
        "-i",
        key,
        "-p",
        str(server.ssh_port),
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "BatchMode=yes",
    ]
    login += ["-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=60", "root@127.0.0.1", ASKED]
    deadline = time.monotonic() + PATIENCE_S
    while not (done := subprocess.run(login, capture_output=True, text=True, check=False)).stdout:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(1)
    return done.stdout


def _check(boot_mode: str, said: str) -> None:
    hostname, version, size, *firmware = said.split()
    assert hostname == f"web-{boot_mode}"
    assert version.startswith("12.")
    assert int(size.removesuffix("M")) > (DISK_GB - 0.5) * 1024, "the root did not grow"
    assert firmware == (["/sys/firmware/efi"] if boot_mode == "uefi" else [])
