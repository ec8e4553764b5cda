"""What others have at the same cloud is nobody's business here: not `check_store --repair`'s, nor `make down`'s."""

from uuid import UUID, uuid4

import pytest
from django.core.management import call_command

from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.disks.services import create_disk
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.services import stop_server
from imsconsole.engine.types import MIB, Kind
from imsconsole.jobs.models import Job
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import REGION, running_server
from tests.engine.guests import TestWork
from tests.factories import DiskFactory, ZoneFactory
from tests.images.verify.test_check_store import check
from tests.support.elsewhere import CloudEngine, cloud_engine

pytestmark = [pytest.mark.django_db, pytest.mark.guest]


@pytest.fixture
def server(people, engine):  # noqa: F811
    with cloud_engine() as cloud:
        server = running_server(people.bob, data_disks_gb=[1])
        server.cloud = cloud
        yield server


def things_of_others(cloud: CloudEngine, *ids: UUID) -> None:
    """Among them copies which the cloud made of things of ours, under names that begin with our IDs."""
    for kind, refs in cloud.foreign.items():
        refs |= {f"{each}.{number}-of-others-{kind}" for number, each in enumerate((uuid4(), *ids))}


def test_what_others_have_is_neither_told_nor_removed(server):
    things_of_others(server.cloud, server.pk, *server.disks.values_list("pk", flat=True), server.image_id)

    assert check("--repair") == "The store is clean.\n"
    assert not server.cloud.touched


def test_what_we_made_and_lost_sight_of_is_removed_beside_it(server):
    things_of_others(server.cloud, server.pk)
    lost = server.cloud.create_disk(uuid4(), MIB, work=TestWork())
    Disk.objects.filter(server=server).update(deleted_at="2026-01-01T00:00Z")
    Server.objects.filter(pk=server.pk).update(deleted_at="2026-01-01T00:00Z")

    assert f"disk file {lost} belongs to no disk" in check()
    check("--repair")

    there = server.cloud.inventory()
    assert there.servers == server.cloud.foreign[Kind.SERVER]
    assert there.disks == server.cloud.foreign[Kind.DISK]
    assert not server.cloud.touched


def test_what_a_running_job_has_made_stays(people, engine):  # noqa: F811
    with cloud_engine() as cloud:
        disk = create_disk(actor=people.bob, name="data", size_gb=1, zone=ZoneFactory(region_id=REGION))
        job = Job.objects.get(subject_id=disk.pk)
        made = cloud.create_disk(uuid4(), MIB, work=TestWork(f"{job.pk.hex}-1-disk"))

        assert made not in check("--repair")
        assert made in cloud.inventory().disks


def test_what_is_made_for_a_server_that_is_worked_on_stays(server):
    stop_server(server, actor=service_actor(server.project))
    coming = DiskFactory(server=server, role="system", index=9)
    made = server.cloud.create_disk(coming.pk, MIB, work=TestWork())

    assert made not in check("--repair")
    assert made in server.cloud.inventory().disks


def test_guests_of_others_run_on_when_the_console_is_put_down(server, capsys):
    things_of_others(server.cloud, server.pk)

    call_command("stop_guests")

    assert capsys.readouterr().out == "1 guest(s) stopped.\n"
    assert not server.cloud.touched
    server.refresh_from_db()
    assert server.status == "stopped"
