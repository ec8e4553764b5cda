"""Former system disks: undo, delete now, deleted in time. Rule, service, page."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from images.change_os.services import change_os
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Disk
from imsconsole.cloud.servers.services import delete_server
from imsconsole.cloud.system_disk.clock import delete_expired_disks
from imsconsole.cloud.system_disk.rules import can_delete_kept_disk, can_undo_change_os
from imsconsole.cloud.system_disk.services import delete_kept_disk, undo_change_os
from imsconsole.core import now as clock
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities, Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests.cloud.servers.machines import bootable_image, files_of, running_server
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.factories import DiskFactory, KeyFactory, ServerFactory
from tests.support.workers import run_jobs

HOST = Host(Capabilities(accelerator="tcg", memory_mb=4096), 4096)
LOGIN = {"password_hash": "$6$new"}


def a_kept_disk(actor, *, server: dict | None = None, **fields) -> Disk:
    """A disk kept beside a server, as rules see it."""
    owner = ServerFactory(**{"project": actor.project, "ref": "there", **(server or {})})
    DiskFactory(server=owner)
    plain = {"beside": True, "status": "kept", "kept_until": clock.now() + timedelta(days=7)}
    return DiskFactory(server=owner, image=owner.image, **{**plain, **fields})


def url_of(disk: Disk, verb: str) -> str:
    return reverse(f"servers:{verb}", args=[disk.server_id, disk.pk])


# ── the rules ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("server", "disk", "undo", "delete"),
    [
        ({}, {}, "", ""),
        ({"status": "running"}, {}, "", ""),
        ({"status": "change-os-failed"}, {}, "", ""),
        ({"status": "no-machine", "ref": ""}, {}, "", ""),
        ({"status": "changing-os"}, {}, "server-busy", "server-busy"),
        ({"status": "starting"}, {}, "server-busy", "server-busy"),
        ({}, {"status": "deleting"}, "disk-deleting", "disk-deleting"),
        ({}, {"status": "in-use"}, "disk-not-kept", "disk-not-kept"),
        ({}, {"kept_until": clock.now() - timedelta(days=1)}, "kept-too-long", ""),
    ],
    ids=[
        "stopped",
        "running",
        "failed",
        "no machine",
        "changing",
        "starting",
        "deleting",
        "in-use",
        "too-long",
    ],
)
def test_when_a_former_disk_comes_back_or_goes(people, server, disk, undo, delete) -> None:
    kept = a_kept_disk(people.bob, server=server, **disk)
    assert can_undo_change_os(kept, people.bob, HOST).code == undo
    assert can_delete_kept_disk(kept, people.alice).code == delete
    assert can_undo_change_os(kept, people.dave, HOST).code == "read-only"
    assert can_delete_kept_disk(kept, people.dave).code == "read-only"


def test_a_system_that_comes_back_is_started(people) -> None:
    kept, full = a_kept_disk(people.bob), Host(HOST.capabilities, 10)
    assert can_undo_change_os(kept, people.bob, full).code == "no-guest-memory"
    kept.server.status = "running"
    assert can_undo_change_os(kept, people.bob, full), "it has its memory"


def test_it_is_started_with_its_data_disks(people) -> None:
    """R90: of the system disk that goes the key is not asked."""
    kept = a_kept_disk(people.bob)
    key = KeyFactory(project=people.bob.project, state="disabled")
    kept.server.disks.attached().update(key=key)
    assert can_undo_change_os(kept, people.bob, HOST)
    DiskFactory(server=kept.server, role="data", index=1, key=key)
    assert can_undo_change_os(kept, people.bob, HOST).code == "key-not-enabled"


# ── the services ────────────────────────────────────────────────────────────
@pytest.mark.guest
def test_undo_brings_the_old_system_back_and_can_itself_be_undone(people, engine) -> None:
    server = running_server(people.bob, data_disks_gb=(1,))
    wait_for(engine, server.ref, "TINY GUEST")
    old, new = server.image, bootable_image(people.bob, word="NEW SYSTEM", min_disk_gb=2)
    first = server.disks.get(index=0)
    change_os(server, image=new, stop_first=True, actor=people.bob, **LOGIN)
    run_jobs()
    wait_for(engine, server.ref, "NEW SYSTEM")
    second = server.disks.attached().get(index=0)

    undo_change_os(server.disks.kept().get(), actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.image, server.password_hash) == ("running", old, "")
    assert server.user_data == "#!/bin/sh\n"
    assert server.disks.attached().get(index=0) == first
    assert server.disks.kept().get() == second
    wait_for(engine, server.ref, "TINY GUEST", times=2)
    open_usage = server.usage.get(ended_at=None)
    assert (open_usage.image, open_usage.disk_gb, open_usage.state) == (old, 2, "running")

    undo_change_os(second, actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert (server.image, server.password_hash) == (new, "$6$new")
    wait_for(engine, server.ref, "NEW SYSTEM", times=2)
    assert Event.objects.filter(action="undoChangeOs").count() == 2


@pytest.mark.guest
def test_a_former_disk_that_is_deleted_is_gone_and_counts_no_more(people, engine) -> None:
    server = running_server(people.bob)
    used = used_by(people.bob.project)["disks"]
    change_os(server, image=bootable_image(people.bob), stop_first=True, actor=people.bob, **LOGIN)
    run_jobs()
    kept = server.disks.kept().get()
    assert used_by(people.bob.project)["disks"] == used + 1
    delete_kept_disk(kept, actor=people.bob)
    with pytest.raises(Refused, match="disk-deleting"):
        undo_change_os(kept, actor=people.bob)
    run_jobs()
    kept.refresh_from_db()
    server.refresh_from_db()
    assert (kept.status, kept.login, server.status) == ("deleted", {}, "running")
    assert used_by(people.bob.project)["disks"] == used
    assert kept.ref not in engine.inventory().disks
    assert list(differences()) == []
    with pytest.raises(NotFound):
        undo_change_os(kept, actor=people.bob)


@pytest.mark.guest
def test_the_clock_deletes_what_was_kept_long_enough(people, engine, settings) -> None:
    """R136: with all its partitions, some days later."""
    server = running_server(people.bob)
    change_os(server, image=bootable_image(people.bob), stop_first=True, actor=people.bob, **LOGIN)
    run_jobs()
    clock.move(timedelta(days=settings.IMS_OLD_DISK_DAYS) - timedelta(hours=1))
    delete_expired_disks()
    assert not Job.objects.live().exists()
    clock.move(timedelta(hours=2))
    delete_expired_disks()
    delete_expired_disks()
    run_jobs()
    assert Job.objects.filter(kind="disk.delete-kept", state="done").count() == 1
    assert len(files_of(server)) == 2  # its folder and its system disk


def test_a_busy_server_keeps_its_former_disk_a_little_longer(people) -> None:
    kept = a_kept_disk(people.bob, server={"status": "starting"}, kept_until=clock.now())
    delete_expired_disks()
    kept.refresh_from_db()
    assert kept.status == "kept"


@pytest.mark.guest
def test_a_server_that_is_deleted_takes_its_former_disks_along(people, engine) -> None:
    server = running_server(people.bob)
    change_os(server, image=bootable_image(people.bob), stop_first=True, actor=people.bob, **LOGIN)
    run_jobs()
    server.refresh_from_db()
    delete_server(server, delete_disks=True, actor=people.bob)
    run_jobs()
    assert not server.disks.existing().exists()
    assert files_of(server) == []
    assert list(differences()) == []


@pytest.mark.guest
def test_check_store_knows_kept_disks_and_misses_lost_ones(people, engine) -> None:
    server = running_server(people.bob)
    change_os(server, image=bootable_image(people.bob), stop_first=True, actor=people.bob, **LOGIN)
    run_jobs()
    assert list(differences()) == []
    kept = server.disks.kept().get()
    engine.delete_disk(kept.ref, work=Unwatched())
    (lost,) = differences()
    assert "has lost its file" in lost.what
    assert lost.repair is not None
    lost.repair()
    assert list(differences()) == []
    assert not server.disks.kept().exists()


# ── the pages ───────────────────────────────────────────────────────────────
def test_the_servers_page_offers_both_and_says_until_when(people) -> None:
    kept = a_kept_disk(people.bob, size_gb=9)
    kept.image.name = "former-system"
    kept.image.save()
    page = client_of(people.bob).get(kept.server.get_absolute_url()).content.decode()
    for word in (
        "former-system",
        "9 GB",
        date_format(localtime(kept.kept_until)),
        url_of(kept, "undo-change-os"),
    ):
        assert word in page
    for_dave = client_of(people.dave).get(kept.server.get_absolute_url()).content.decode()
    assert url_of(kept, "undo-change-os") not in for_dave
    assert "read-only" in for_dave


def test_undo_is_one_click(people) -> None:
    kept = a_kept_disk(people.bob)
    answer = client_of(people.bob).post(url_of(kept, "undo-change-os"))
    assert bare(answer["Location"]) == kept.server.get_absolute_url()
    kept.server.refresh_from_db()
    assert kept.server.status == "changing-os"
    job, former = Job.objects.get(), kept.server.disks.attached().get()
    assert (job.kind, job.subject_id) == ("server.undo-change-os", kept.server_id)
    assert job.args == {"disk_id": str(kept.pk), "former_id": str(former.pk)}


def test_deleting_asks_first(people) -> None:
    kept = a_kept_disk(people.bob)
    client = client_of(people.bob)
    assert "can no longer be undone" in client.get(url_of(kept, "delete-kept-disk")).content.decode()
    assert not Job.objects.exists()
    client.post(url_of(kept, "delete-kept-disk"))
    kept.refresh_from_db()
    assert kept.status == "deleting"
    assert (Job.objects.get().kind, Job.objects.get().subject_id) == ("disk.delete-kept", kept.pk)
    Disk.objects.filter(pk=kept.pk).update(status="deleted", deleted_at=clock.now())
    with pytest.raises(NotFound):
        undo_change_os(kept, actor=people.bob)


@pytest.mark.parametrize("verb", ["undo-change-os", "delete-kept-disk"])
def test_others_change_nothing(people, verb) -> None:
    kept = a_kept_disk(people.bob)
    for client, status in (
        (client_of(people.dave), 409),
        (client_of(people.carol), 404),
        (client_of(None), 302),
    ):
        assert client.post(url_of(kept, verb)).status_code == status
    another = ServerFactory(project=people.bob.project)
    wrong = reverse(f"servers:{verb}", args=[another.pk, kept.pk])
    assert client_of(people.bob).post(wrong).status_code == 404
    assert not Job.objects.exists()
