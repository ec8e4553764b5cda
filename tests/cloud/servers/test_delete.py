"""Delete a server; keep or delete its data disks."""

import pytest
from django.urls import reverse

from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.rules import can_delete
from imsconsole.cloud.servers.services import delete_server
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests.cloud.servers.machines import files_of, running_server
from tests.conftest import client_of
from tests.factories import DiskFactory, ServerFactory
from tests.support.workers import run_jobs


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("running", ""),
        ("stopped", ""),
        ("failed", ""),
        ("creating", "server-busy"),
        ("deleting", "server-busy"),
    ],
)
def test_no_work_may_be_running_on_it(people, status, code) -> None:
    server = ServerFactory(project=people.bob.project, status=status)
    assert can_delete(server, people.bob).code == code
    assert can_delete(server, people.dave).code == "read-only"


@pytest.mark.guest
@pytest.mark.parametrize("delete_disks", [True, False])
def test_a_running_server_goes_with_its_system_disk_and_as_asked_its_data_disks(
    people, engine, delete_disks
) -> None:
    server = running_server(people.bob, data_disks_gb=(1,))
    data_disk = server.disks.get(role="data")
    delete_server(server, delete_disks=delete_disks, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    data_disk.refresh_from_db()
    assert server.status == "deleted"
    assert not server.usage.filter(ended_at=None).exists()
    assert engine.inventory().servers == frozenset()
    if delete_disks:
        assert (data_disk.status, engine.inventory().disks) == ("deleted", frozenset())
        assert used_by(people.bob.project)["disk_gb"] == 0
    else:
        assert (data_disk.status, data_disk.server) == ("available", None)
        assert engine.inventory().disks == {data_disk.ref}
        assert used_by(people.bob.project)["disk_gb"] == 1


def test_a_server_that_never_was_can_be_deleted_too(people, engine) -> None:
    server = ServerFactory(project=people.bob.project, status="failed")
    DiskFactory(server=server, status="failed", index=1, role="data")
    delete_server(server, delete_disks=False, actor=people.bob)
    run_jobs()
    assert not Server.objects.existing().exists()
    assert not Disk.objects.existing().exists()
    assert files_of(server) == []


def test_the_page_asks_about_the_data_disks(people) -> None:
    server = ServerFactory(project=people.bob.project)
    DiskFactory(server=server, index=1, role="data", name="precious")
    url = reverse("servers:delete", args=[server.pk])
    client = client_of(people.bob)
    page = client.get(url).content
    assert b"precious" in page
    assert b"delete_disks" in page
    assert client.post(url, {"delete_disks": "on"}).status_code == 302
    job = Job.objects.about(server.pk).get()
    assert (job.kind, job.args) == ("server.delete", {"delete_disks": True})


def test_only_who_writes_deletes(people) -> None:
    server = ServerFactory(project=people.bob.project)
    url = reverse("servers:delete", args=[server.pk])
    assert client_of(people.dave).post(url).status_code == 409
    assert client_of(people.carol).post(url).status_code == 404
    with pytest.raises(Refused):
        delete_server(server, delete_disks=False, actor=people.dave)
