"""Attach and detach data disks. Rule, service, page."""

import re

import pytest
from django.urls import reverse

from images.verify.store_check import differences
from imsconsole.cloud.disks.rules import MAX_DATA_DISKS, can_attach_to, can_detach_disk
from imsconsole.cloud.disks.services import attach_disk, delete_disk, detach_disk
from imsconsole.cloud.keys.material import engine_key
from imsconsole.cloud.servers.services import reboot_server, start_server, stop_server
from imsconsole.cloud.servers.specs import server_spec
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.local.machine import device_of
from imsconsole.engine.local.qmp import qmp
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job
from tests.cloud.disks.disks import blank_disk, free_disk
from tests.cloud.servers.machines import order, running_server, stored_image
from tests.conftest import client_of
from tests.engine.contract_encryption import MARKER, plain_of
from tests.engine.guests import COUNTED, marking_disk, wait_for
from tests.factories import DiskFactory, KeyFactory, ServerFactory, ZoneFactory
from tests.support.faults import end, faulty_engine
from tests.support.plaintext import holders_of, secrets_of
from tests.support.workers import run_jobs


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' guests know nothing of disks that go."""
    monkeypatch.setattr("imsconsole.engine.local.hotplug.LET_GO_LIMIT_S", 0.2)


def a_server(actor, **fields):
    server = ServerFactory(**{"project": actor.project, "ref": "there", **fields})
    DiskFactory(server=server)
    return server


def devices_of(engine, server) -> set[str]:
    """What is plugged into the guest."""
    with qmp(engine._store.server(server.ref)) as talk:
        return {entry["name"] for entry in talk.command("qom-list", path="/machine/peripheral")}


def has(engine, server, disk) -> bool:
    spec = next(each for each in server_spec(server).disks if each.id == disk.pk)
    return device_of(spec) in devices_of(engine, server)


# ── the rules ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("disk", "server", "code"),
    [
        ({}, {}, ""),
        ({}, {"status": "running"}, ""),
        ({}, {"status": "change-os-failed"}, ""),
        ({}, {"status": "starting"}, "server-busy"),
        ({}, {"status": "failed"}, "server-failed"),
        ({"status": "creating"}, {}, "disk-busy"),
        ({"status": "failed"}, {}, "disk-failed"),
        ({"zone": "other"}, {}, "other-zone"),
        ({"role": "system"}, {}, "system-disk"),
    ],
)
def test_which_disk_goes_to_which_server(people, disk, server, code):
    if "zone" in disk:
        disk = {"zone": ZoneFactory(region=people.bob.region, code="az-2", name="AZ 2")}
    server, disk = a_server(people.bob, **server), free_disk(people.bob, **disk)
    assert can_attach_to(disk, server, people.bob).code == code
    assert can_attach_to(disk, server, people.dave).code == "read-only"


def test_a_server_has_at_most_eight_data_disks(people):
    server, disk = a_server(people.bob), free_disk(people.bob)
    for index in range(1, MAX_DATA_DISKS + 1):
        assert can_attach_to(disk, server, people.bob)
        DiskFactory(server=server, role="data", index=index)
    assert can_attach_to(disk, server, people.bob).code == "data-disk-count"


@pytest.mark.parametrize(
    ("disk", "server", "code"),
    [
        ({"role": "data", "index": 1}, {}, ""),
        ({"role": "data", "index": 1}, {"status": "running"}, ""),
        ({"role": "data", "index": 1}, {"status": "stopping"}, "server-busy"),
        ({"role": "data", "index": 1}, {"status": "no-machine"}, "no-machine"),
        ({"role": "data", "index": 1, "status": "attaching"}, {}, "disk-busy"),
        ({"index": 1}, {}, "system-disk"),
    ],
)
def test_which_disk_leaves(people, disk, server, code):
    disk = DiskFactory(server=a_server(people.bob, **server), **disk)
    assert can_detach_disk(disk, people.bob).code == code
    assert can_detach_disk(disk, people.dave).code == "read-only"


def test_what_is_not_attached_does_not_leave(people):
    assert can_detach_disk(free_disk(people.bob), people.bob).code == "disk-not-attached"


# ── the services ────────────────────────────────────────────────────────────
@pytest.mark.guest
@pytest.mark.usefixtures("impatient")
def test_a_running_server_gets_a_disk_and_keeps_it_over_restarts(people, engine):
    server, disk = running_server(people.bob), blank_disk(people.bob, size_gb=7)
    attach_disk(disk, server=server, actor=people.bob)
    disk.refresh_from_db()
    assert (disk.status, disk.server, disk.index) == ("attaching", server, 1)
    with pytest.raises(Conflict, match="subject-busy"):
        stop_server(server, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert (disk.status, has(engine, server, disk)) == ("in-use", True)
    assert server.usage.get(ended_at=None).disk_gb == 8
    assert server.usage.count() == 2
    server.refresh_from_db()
    reboot_server(server, actor=people.bob)
    run_jobs()
    assert has(engine, server, disk)
    assert list(differences()) == []


@pytest.mark.guest
@pytest.mark.usefixtures("impatient")
def test_a_guest_that_does_not_let_go_keeps_its_disk_until_it_is_stopped(people, engine):
    server, disk = running_server(people.bob, data_disks_gb=(2,)), blank_disk(people.bob)
    attach_disk(disk, server=server, actor=people.bob)
    run_jobs()
    detach_disk(disk, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    job = Job.objects.get(kind="disk.detach")
    assert (disk.status, disk.server, disk.index) == ("in-use", server, 2)
    assert (job.state, "did not let go" in job.error_sentence) == ("failed", True)
    assert server.usage.get(ended_at=None).disk_gb == 4
    server.refresh_from_db()
    stop_server(server, actor=people.bob)
    run_jobs()
    detach_disk(disk, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert (disk.status, disk.server, disk.index) == ("available", None, 0)
    assert server.usage.get(ended_at=None).disk_gb == 3
    server.refresh_from_db()
    start_server(server, actor=people.bob)
    run_jobs()
    assert len(server_spec(server).disks) == 2
    assert list(differences()) == []


def test_places_are_filled_from_the_first_and_kept(people):
    server = a_server(people.bob)
    second = DiskFactory(server=server, role="data", index=2)
    first = attach_disk(free_disk(people.bob), server=server, actor=people.bob)
    Job.objects.update(state="done")
    third = attach_disk(free_disk(people.bob), server=server, actor=people.bob)
    second.refresh_from_db()
    assert (first.index, second.index, third.index) == (1, 2, 3)


@pytest.mark.guest
@pytest.mark.usefixtures("impatient")
def test_an_attachment_that_fails_leaves_disk_and_server_as_they_were(people, engine):
    server, disk = running_server(people.bob), blank_disk(people.bob)
    attach_disk(disk, server=server, actor=people.bob)
    job = Job.objects.live().get()
    with faulty_engine("attach:1", error=Conflict("attach-failed", detail="x")):
        end(job)
    disk.refresh_from_db()
    assert (disk.status, disk.server) == ("available", None)
    assert server.usage.get(ended_at=None).disk_gb == 1
    retry_job(job, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert (disk.status, has(engine, server, disk)) == ("in-use", True)


@pytest.mark.guest
@pytest.mark.usefixtures("impatient")
def test_a_disk_the_guest_got_although_it_failed_is_in_use(people, engine):
    server, disk = running_server(people.bob), blank_disk(people.bob)
    attach_disk(disk, server=server, actor=people.bob)
    job = Job.objects.live().get()
    with faulty_engine("attach:1", error=Conflict(), late=True):
        end(job)
    disk.refresh_from_db()
    assert (job.state, disk.status, has(engine, server, disk)) == ("failed", "in-use", True)
    assert server.usage.get(ended_at=None).disk_gb == 2
    retry_job(job, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert disk.status == "in-use"


def test_a_retry_does_not_take_a_disk_from_another(people, engine):
    server, other, disk = a_server(people.bob), a_server(people.bob), free_disk(people.bob)
    attach_disk(disk, server=server, actor=people.bob)
    job = Job.objects.live().get()
    end(job)
    assert job.state == "failed"
    type(disk).objects.filter(pk=disk.pk).update(server=other, index=1, status="in-use")
    with pytest.raises(Refused, match="disk-attached"):
        retry_job(job, actor=people.bob)


def test_disks_of_others_are_not_there(people):
    server, disk = a_server(people.bob), free_disk(people.bob)
    theirs, foreign = a_server(people.carol), free_disk(people.carol)
    for wrong_disk, wrong_server in ((disk, theirs), (foreign, server)):
        with pytest.raises(NotFound):
            attach_disk(wrong_disk, server=wrong_server, actor=people.bob)
    with pytest.raises(NotFound):
        delete_disk(foreign, actor=people.bob)


@pytest.mark.guest
def test_what_a_guest_writes_on_an_encrypted_disk_is_in_no_file(people, engine, tmp_path):
    """§2.25: the guest writes its marker on its plain system disk and on the encrypted one."""
    key = KeyFactory(project=people.bob.project)
    disk = blank_disk(people.bob, key=key)
    (server,) = order(people.bob, stored_image(people.bob, marking_disk(tmp_path / "disk.raw", MARKER)))
    run_jobs()
    server.refresh_from_db()
    wait_for(engine, server.ref, "COUNTING")
    stop_server(server, actor=people.bob)
    run_jobs()
    attach_disk(disk, server=server, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    start_server(server, actor=people.bob)
    run_jobs()
    wait_for(engine, server.ref, "COUNTING", times=2)
    server.refresh_from_db()
    stop_server(server, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    path = engine._store.disk(disk.ref)
    assert path not in holders_of(MARKER, *secrets_of(key))
    written = plain_of(engine_key(key, key.project_id), path)
    assert MARKER in written[COUNTED[2] * 512 :][:512]


# ── the pages ───────────────────────────────────────────────────────────────
def test_the_page_offers_servers_and_says_why_not_others(people):
    disk, fits, busy = free_disk(people.bob), a_server(people.bob), a_server(people.bob, status="starting")
    foreign = a_server(people.carol, name="secret")
    url = reverse("disks:attach", args=[disk.pk])
    page = client_of(people.bob).get(url).content.decode()
    assert re.search(rf'value="{fits.pk}">', page)
    assert re.search(
        rf'value="{busy.pk}" disabled\s+aria-describedby="(server-why-{busy.pk})".*id="\1"', page, re.DOTALL
    )
    assert "secret" not in page
    for typed in ({}, {"server": "x"}, {"server": foreign.pk}, {"server": busy.pk}):
        assert client_of(people.bob).post(url, typed).status_code == 422
    assert client_of(people.dave).post(url, {"server": fits.pk}).status_code == 409
    assert client_of(people.carol).post(url, {"server": fits.pk}).status_code == 404
    answer = client_of(people.bob).post(url, {"server": fits.pk})
    assert bare(answer["Location"]) == disk.get_absolute_url()
    assert Job.objects.get().kind == "disk.attach"


def test_a_server_takes_a_disk_by_its_own_page(people):
    server, disk = a_server(people.bob), free_disk(people.bob, name="free-one")
    url = reverse("servers:attach-disk", args=[server.pk])
    assert "free-one" in client_of(people.bob).get(url).content.decode()
    assert client_of(people.bob).post(url, {"disk": "x"}).status_code == 422
    assert client_of(people.dave).post(url, {"disk": disk.pk}).status_code == 409
    assert client_of(people.carol).post(url, {"disk": disk.pk}).status_code == 404
    answer = client_of(people.bob).post(url, {"disk": disk.pk})
    assert bare(answer["Location"]) == server.get_absolute_url()
    assert "Attaching" in client_of(people.bob).get(server.get_absolute_url()).content.decode()


def test_detaching_is_one_click(people):
    disk = DiskFactory(server=a_server(people.bob), role="data", index=1)
    url = reverse("disks:detach", args=[disk.pk])
    assert client_of(people.bob).get(url).status_code == 405
    assert client_of(people.dave).post(url).status_code == 409
    assert client_of(people.carol).post(url).status_code == 404
    assert client_of(people.bob).post(url).status_code == 302
    disk.refresh_from_db()
    assert disk.status == "detaching"


def test_the_choice_costs_the_same_for_many_servers(people, django_assert_max_num_queries):
    disk = free_disk(people.bob)
    for _ in range(20):
        a_server(people.bob)
    client = client_of(people.bob)
    with django_assert_max_num_queries(15):
        client.get(reverse("disks:attach", args=[disk.pk]))
