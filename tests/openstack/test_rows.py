"""What else is done with images in a region on a real cloud: each format, data disks, backups, lists, and wishes about machines."""

import csv
import subprocess
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from images.capture.full.services import make_of_backup
from images.capture.services import capture_data_disks
from images.launch.disk.services import create_disk_from
from images.models import Image
from imsconsole.accounts.models import Region
from imsconsole.cloud.backups.services import create_backup
from imsconsole.cloud.disks.services import attach_disk
from imsconsole.cloud.engines import engine_of, forget_engines
from imsconsole.cloud.hosts import ask_host
from imsconsole.cloud.models import Disk, Server
from imsconsole.demo.guest import built_guest
from imsconsole.engine.api import Engine
from imsconsole.engine.types import FileSink
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import REGION, bootable_image, order
from tests.conftest import client_of
from tests.engine.guests import TestWork, tiny_disk
from tests.factories import FlavorFactory, VaultFactory
from tests.images.create.importing import imported
from tests.images.life import delete_all, done, says
from tests.images.verify.test_check_store import check
from tests.openstack.guests import lines_of
from tests.openstack.journeys import JOURNEY
from tests.openstack.seen import assert_in_place, assert_nothing_is_left, counted, everywhere, ours
from tests.support.workers import run_jobs

pytestmark = JOURNEY
FORMATS = {
    "qcow2": "",
    "qcow": "",
    "vmdk": "subformat=streamOptimized",
    "vpc": "force_size=on",
    "vhdx": "",
    "vdi": "",
}


def test_each_format_is_the_same_disk_and_starts(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Exported again, all are what they were; one of them, in the form that says least of itself, is started."""
    raw = tiny_disk(tmp_path / "disk.raw", "ANY FORMAT")
    images = {"raw": imported(people.bob, raw, name="raw").image}
    for format, options in FORMATS.items():
        path = tmp_path / f"disk.{format}"
        extra = ["-o", options] if options else []
        command = ["qemu-img", "convert", "-f", "raw", "-O", format, *extra, raw, path]
        subprocess.run(command, check=True, capture_output=True)
        images[format] = imported(people.bob, path, name=format).image
    done()
    for format, image in images.items():
        back = tmp_path / f"back-of-{format}"
        stored = image.disks.get().ref
        engine.export(stored, FileSink(back), format="raw", work=TestWork())
        assert back.read_bytes() == raw.read_bytes(), format
    (server,) = order(people.bob, Image.objects.get(pk=images["vmdk"].pk))
    done()
    says(server, "ANY FORMAT")
    delete_all(people)
    assert_nothing_is_left(REGION)


def demo_image(people: SimpleNamespace, cache: Path, name: str) -> Image:
    disk = built_guest(cache, name=name, boot_mode="bios")
    image: Image = imported(people.bob, disk, name=name).image
    done()
    return Image.objects.get(pk=image.pk)


def told(server: Server) -> dict[str, str]:
    """What the demo's guest has said once it is ready."""
    says(server, "IMS-GUEST ready")
    server = Server.objects.select_related("project").get(pk=server.pk)
    return lines_of(engine_of(server).console_log(server.ref))


def test_data_disks_and_backups_become_images_and_come_back(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    home: str,
    guest_cache: Path,
) -> None:
    """Guests print what the first of them wrote on its data disk; the lists name all of it."""
    bob, flavor = people.bob, FlavorFactory(name="t6-small-1", series="t6", memory_mb=256)
    (server,) = order(bob, demo_image(people, guest_cache, "Rows"), flavor=flavor, data_disks_gb=(1,))
    done()
    marker = told(server)["vdb marker"]
    assert marker.startswith("IMS-MARKER ")

    data = Disk.objects.get(server=server, role="data")
    (of_data,) = capture_data_disks({data.pk: "its-data"}, actor=bob)
    done()
    backup = create_backup(
        server, vault=VaultFactory(project=bob.project, capacity_gb=1000), name="b", actor=bob
    )
    done()
    full = make_of_backup(backup, name="from-backup", actor=bob)
    done()
    again = create_disk_from(
        Image.objects.get(pk=of_data.pk), name="again", size_gb=1, zone=data.zone, actor=bob
    )
    done()
    attach_disk(Disk.objects.get(pk=again.pk), server=Server.objects.get(pk=server.pk), actor=bob)
    done()
    says(server, f"disk vdc marker={marker}")

    (whole,) = order(bob, Image.objects.get(pk=full.pk), flavor=flavor, name="whole", data_disks_gb=(1,))
    done()
    assert told(whole)["vdb marker"] == marker

    named = {"images": "its-data", "servers": "whole", "disks": "again", "backups": "b"}
    for kind, name in named.items():
        assert name in {row.get("Name") or row["Image name"] for row in listed(people, kind)}, kind
    (row,) = [row for row in listed(people, "servers") if row["Name"] == "whole"]
    assert addresses_in_the_cloud() >= {row["IP address"]}
    assert (home, "volumes") in assert_in_place(REGION)
    delete_all(people)
    assert_nothing_is_left(REGION)


def listed(people: SimpleNamespace, kind: str) -> list[dict[str, str]]:
    """A list as its file tells it."""
    path = f"/{kind}/export.csv" + ("?tab=private" if kind == "images" else "")
    answer = client_of(people.bob).get(path)
    content = b"".join(answer) if answer.streaming else answer.content
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))


def addresses_in_the_cloud() -> set[str]:
    ports = everywhere(REGION)["ports"]
    return {each["ip_address"] for port in ports for each in port.fixed_ips}


@pytest.fixture
def mapped(people: SimpleNamespace, on_each_engine: None) -> Region:
    """The region with all that is said of it by hand: its zone, and a flavor that is none of equal size."""
    region: Region = people.bob.region
    zone = region.zones.get()
    Region.objects.filter(pk=region.pk).update(
        zone_names={zone.code: "lab-zone"}, flavor_names={"odd": "lab.2-4096"}
    )
    forget_engines()
    ask_host(region)
    return region


def test_a_server_has_the_zone_and_flavor_that_were_said(
    people: SimpleNamespace,
    mapped: Region,
    engine: Engine,  # noqa: F811
    guest_cache: Path,
) -> None:
    """As the guest and Nova tell."""
    image = demo_image(people, guest_cache, "Rows by hand")
    script = "#!/bin/sh\necho it ran\n"
    flavor = FlavorFactory(name="odd", series="t6", vcpus=3, memory_mb=300)
    (server,) = order(people.bob, image, flavor=flavor, user_data=script)
    done()
    said = told(server)
    assert (said["cpus"], said["user-data"]) == ("2", "it ran")
    (machine,) = ours(REGION)["machines"]
    assert (machine.flavor.original_name, machine.availability_zone) == ("lab.2-4096", "lab-zone")
    delete_all(people)
    assert_nothing_is_left(REGION)


@pytest.mark.parametrize("wish", [{"nic_multi_queue": True}, {"boot_mode": "uefi"}], ids=",".join)
def test_what_the_hosts_of_the_cloud_cannot_do_is_undone(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    wish: dict[str, Any],
) -> None:
    """This lab's have ports of one queue, and a libvirt that is older than Nova wants for UEFI: no member is told so."""
    two = FlavorFactory(
        name="t6-large-2", series="t6", vcpus=2, memory_mb=96
    )  # one CPU never has more queues
    (server,) = order(people.bob, bootable_image(people.bob, **wish), flavor=two, data_disks_gb=(1,))
    run_jobs()
    server.refresh_from_db()
    assert server.status == "failed"
    assert "Exceeded maximum number of retries" in server.status_sentence
    assert counted(REGION) == {"images": 1}
    assert check() == "The store is clean.\n"
