"""The Debian that is built here: a real system, proved by what it says and by signing in to it."""

import time
from pathlib import Path

import pytest
from django.conf import settings

from images.launch.services import create_servers
from images.models import Image
from images.public.services import fetch_public_image
from imsconsole.cloud.engines import engine_of
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.passwords import crypted
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests import factories
from tests.conftest import client_of
from tests.support.ssh import PATIENCE_S, new_key, said
from tests.support.workers import finish, run_jobs

DISK_GB = 4
PASSWORD = "Sesame-2-open"
ASKED = "hostname; cat /etc/debian_version; df --output=size -BM / | tail -1; ls -d /sys/firmware/efi"


@pytest.mark.debian
@pytest.mark.guest
@pytest.mark.slow(reason="some hundred packages are installed, and two systems boot without KVM")
@pytest.mark.django_db
def test_debian_is_built_boots_with_either_firmware_and_takes_the_login_its_page_promises(
    platform, people, tmp_path: Path
) -> None:
    """By key or by password, each with the line that the page says."""
    source = fetch_public_image(key="debian-12-built", boot_modes=("bios", "uefi"), actor=platform)
    job = finish(Job.objects.about(source.pk).get())
    assert job.state == Job.State.DONE, job.error_sentence
    assert list((Path(settings.DATA_DIR) / "building").iterdir()) == []

    key_pair = factories.KeyPairFactory(project=people.bob.project, public_key=new_key(tmp_path))
    logins = {
        "bios": {"key_pair": key_pair},
        "uefi": {"password_hash": crypted(PASSWORD)},
    }
    flavor = factories.FlavorFactory(name="t6-medium-1", series="t6", memory_mb=512)
    images = Image.objects.filter(source_id=source.pk, region=people.bob.region)
    made = {
        image.boot_mode: create_servers(
            actor=people.bob,
            image=image,
            name=f"web-{image.boot_mode}",
            flavor=flavor,
            system_disk_gb=DISK_GB,
            **logins[image.boot_mode],
        )[0]
        for image in images
    }
    run_jobs()
    assert set(made) == {"bios", "uefi"}
    for server in made.values():
        server.refresh_from_db()
    try:
        for boot_mode, server in made.items():
            _wait_for_prompt(server)
            line = client_of(people.bob).get(server.get_absolute_url()).context["ssh_line"]
            password = PASSWORD if server.password_hash else ""
            _check(boot_mode, said(line, ASKED, tmp_path, password=password))
    finally:
        for server in made.values():
            engine_of(server).delete_server(server.ref, work=Unwatched())


def _wait_for_prompt(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while f"{server.name} login:" not in (log := engine_of(server).console_log(server.ref)):
        assert time.monotonic() < deadline, log
        time.sleep(1)


def _check(boot_mode: str, said: str) -> None:
    hostname, version, size, *firmware = said.split()
    assert hostname == f"web-{boot_mode}"
    assert version.startswith("12.")
    assert int(size.removesuffix("M")) > (DISK_GB - 0.5) * 1024, "the root did not grow"
    assert firmware == (["/sys/firmware/efi"] if boot_mode == "uefi" else [])
