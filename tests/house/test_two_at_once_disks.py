"""Two people at once on a disk, on its server, and on the quota: one wins, the other reads a sentence."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from imsconsole.cloud.backups.services import create_backup
from imsconsole.cloud.disks.rules import MAX_DATA_DISKS
from imsconsole.cloud.disks.services import attach_disk, create_disk, delete_disk, detach_disk, grow_disk
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.services import delete_server, start_server
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests import factories
from tests.cloud.disks.disks import free_disk
from tests.support.at_once import DONE, at_once

pytestmark = [
    pytest.mark.slow(reason="each pair meets several times"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 4


def a_server(actor: Any, ref: str = "") -> Server:
    flavor = factories.FlavorFactory(memory_mb=1)
    server = factories.ServerFactory(project=actor.project, flavor=flavor, ref=ref)
    factories.DiskFactory(server=server, ref=ref)
    return server


def test_a_disk_goes_to_one_of_two_servers(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        disk, one, other = free_disk(people.bob), a_server(people.bob), a_server(people.bob)
        outcomes = at_once(
            lambda disk=disk, one=one: attach_disk(disk, server=one, actor=people.alice),
            lambda disk=disk, other=other: attach_disk(disk, server=other, actor=people.bob),
        )
        assert DONE in outcomes
        assert set(outcomes) <= {DONE, "disk-busy", "conflict"}
        assert outcomes.count(DONE) == 1
        assert Job.objects.live().about(one.pk, other.pk).count() == 1


def test_a_server_gets_one_disk_after_the_other(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        server, disks = a_server(people.bob), [free_disk(people.bob) for _ in range(2)]
        outcomes = at_once(
            *[
                lambda disk=disk, server=server: attach_disk(disk, server=server, actor=people.bob)
                for disk in disks
            ]
        )
        assert sorted(outcomes) == [DONE, "subject-busy"]
        assert server.disks.filter(role="data").count() == 1


def test_the_last_place_is_given_once(people: SimpleNamespace) -> None:
    server = a_server(people.bob)
    for index in range(1, MAX_DATA_DISKS):
        factories.DiskFactory(server=server, role="data", index=index)
    disks = [free_disk(people.bob) for _ in range(3)]
    outcomes = at_once(
        *[lambda disk=disk: attach_disk(disk, server=server, actor=people.bob) for disk in disks]
    )
    assert outcomes.count(DONE) == 1
    assert set(outcomes) <= {DONE, "subject-busy", "data-disk-count"}


def test_a_disk_is_deleted_or_attached(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        disk, server = free_disk(people.bob), a_server(people.bob)
        outcomes = at_once(
            lambda disk=disk: delete_disk(disk, actor=people.alice),
            lambda disk=disk, server=server: attach_disk(disk, server=server, actor=people.bob),
        )
        assert outcomes.count(DONE) == 1
        assert set(outcomes) <= {DONE, "disk-busy", "conflict"}


@pytest.mark.parametrize("verb", ["detach", "grow"])
@pytest.mark.parametrize("power", ["start", "delete"])
def test_a_disk_changes_or_its_server_does(people: SimpleNamespace, verb: str, power: str) -> None:
    for _ in range(ROUNDS):
        server = a_server(people.bob)
        disk = factories.DiskFactory(server=server, role="data", index=1)

        def change(disk: Disk = disk) -> Disk:
            if verb == "detach":
                return detach_disk(disk, actor=people.alice)
            return grow_disk(disk, size_gb=2, actor=people.alice)

        def turn(server: Server = server) -> Server:
            if power == "start":
                return start_server(server, actor=people.bob)
            return delete_server(server, delete_disks=False, actor=people.bob)

        outcomes = at_once(change, turn)
        assert outcomes in ([DONE, "subject-busy"], ["server-busy", DONE])


def test_a_disk_grows_or_its_server_is_backed_up(people: SimpleNamespace) -> None:
    """Project, server, disk: whoever begins with another would wait for ever for who begins with this one."""
    vault = factories.VaultFactory(project=people.bob.project, capacity_gb=1000)
    for number in range(ROUNDS):
        server = a_server(people.bob, ref="there")
        disk = factories.DiskFactory(server=server, role="data", index=1, ref="there")
        outcomes = at_once(
            partial(grow_disk, disk, size_gb=2, actor=people.alice),
            partial(create_backup, server, vault=vault, name=f"b{number}", actor=people.bob),
        )
        assert outcomes in ([DONE, "server-disks-busy"], ["server-task", DONE])


def test_of_two_who_grow_a_disk_one_wins(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        disk = free_disk(people.bob)
        outcomes = at_once(
            lambda disk=disk: grow_disk(disk, size_gb=2, actor=people.alice),
            lambda disk=disk: grow_disk(disk, size_gb=3, actor=people.bob),
        )
        assert sorted(outcomes) == ["disk-busy", DONE]


def test_a_quota_holds_whoever_creates_and_grows_at_once(people: SimpleNamespace) -> None:
    people.bob.project.quotas = {"disk_gb": 7}
    people.bob.project.save(update_fields=["quotas"])
    disk, zone = free_disk(people.bob, size_gb=1), people.bob.region.zones.first()
    outcomes = at_once(
        lambda: grow_disk(disk, size_gb=3, actor=people.alice),
        *[
            lambda number=number: create_disk(name=f"d{number}", size_gb=2, zone=zone, actor=people.bob)
            for number in range(4)
        ],
    )
    assert sorted(outcomes) == [DONE, DONE, DONE, "quota-disk-gb", "quota-disk-gb"]
    assert used_by(people.bob.project)["disk_gb"] == 7
