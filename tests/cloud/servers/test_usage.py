"""Each change of state, flavor, image or disk size closes one interval and opens the next."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from imsconsole.cloud.models import Server, Usage
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.servers.usage import record_usage
from imsconsole.core.now import now
from tests.factories import DiskFactory, FlavorFactory, ImageFactory, ServerFactory

Status = Server.Status


def _states(server: Server) -> list[tuple[str, bool]]:
    return [(usage.state, usage.ended_at is None) for usage in server.usage.all()]


def test_a_life_in_intervals(people) -> None:
    server = ServerFactory(project=people.bob.project, status="creating")
    for status in (
        "running",
        "rebooting",
        "running",
        "stopping",
        "stopped",
        "starting",
        "running",
        "deleting",
    ):
        change_status(server, Status(status))
    assert _states(server) == [("running", False), ("stopped", False), ("running", True)]
    change_status(server, Status.DELETED)
    assert _states(server)[-1] == ("running", False)
    ends = [usage.ended_at for usage in server.usage.all()]
    assert ends[:-1] == [usage.started_at for usage in server.usage.all()][1:]


def test_a_creation_that_failed_takes_nothing(people) -> None:
    server = ServerFactory(project=people.bob.project, status="creating")
    change_status(server, Status.FAILED)
    assert _states(server) == []


@pytest.mark.parametrize("what", ["flavor", "image", "disk"])
def test_a_change_of_flavor_image_or_disk_size_opens_the_next(people, what) -> None:
    server = ServerFactory(project=people.bob.project)
    disk = DiskFactory(server=server, size_gb=1)
    change_status(server, Status.RUNNING)
    if what == "flavor":
        server.flavor = FlavorFactory(name="bigger")
    elif what == "image":
        server.image = ImageFactory(project=people.bob.project)
    else:
        disk.size_gb = 2
        disk.save()
    record_usage(server, now())
    record_usage(server, now())
    assert _states(server) == [("running", False), ("running", True)]
    assert server.usage.last().disk_gb == (2 if what == "disk" else 1)


def test_an_interval_never_ends_before_it_started(people) -> None:
    server = ServerFactory(project=people.bob.project)
    change_status(server, Status.RUNNING)
    change_status(server, Status.STOPPED, at=now() - timedelta(hours=1))
    assert _states(server) == [("running", False), ("stopped", True)]


def test_the_database_refuses_two_open_intervals(people) -> None:
    server = ServerFactory(project=people.bob.project)
    change_status(server, Status.RUNNING)
    usage = Usage.objects.get()
    usage.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        usage.save()
