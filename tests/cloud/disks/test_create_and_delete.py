"""Create, rename and delete data disks. Rule, service, page."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.disks.rules import can_delete_disk, can_order_disk, can_rename_disk
from imsconsole.cloud.disks.services import create_disk, delete_disk, rename_disk
from imsconsole.cloud.keys.services import disable_key
from imsconsole.cloud.models import Disk
from imsconsole.core.errors import NoSpace, NotFound
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import retry_job
from tests.cloud.disks.disks import blank_disk, free_disk
from tests.conftest import client_of
from tests.factories import DiskFactory, KeyFactory, RegionFactory, ServerFactory, ZoneFactory
from tests.support.faults import end, faulty_engine
from tests.support.wizards import gone_through
from tests.support.workers import run_jobs


def with_quota(actor, **quotas) -> None:
    actor.project.quotas = quotas
    actor.project.save(update_fields=["quotas"])


# ── the rules ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("size_gb", "quotas", "code"),
    [
        (10, {}, ""),
        (0, {}, "data-disk-size"),
        (100_000, {}, "data-disk-size"),
        (10, {"disks": 0}, "quota-disks"),
        (10, {"disk_gb": 9}, "quota-disk-gb"),
    ],
)
def test_what_may_be_ordered(people, size_gb, quotas, code):
    """C5, R122."""
    with_quota(people.bob, **quotas)
    assert can_order_disk(size_gb, people.bob.region.zones.first(), people.bob).code == code
    assert can_order_disk(size_gb, people.bob.region.zones.first(), people.dave).code == "read-only"


def test_a_zone_of_another_region_is_refused(people):
    elsewhere = ZoneFactory(region=RegionFactory(code="eu-west-1"), code="eu-west-1a")
    assert can_order_disk(1, elsewhere, people.bob).code == "other-region"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"status": "failed", "ref": ""}, ""),
        ({"status": "creating"}, "disk-busy"),
        ({"status": "deleting"}, "disk-busy"),
        ({"server": "there", "status": "in-use"}, "disk-attached"),
        ({"server": "there", "status": "failed"}, "disk-of-failed-server"),
        ({"server": "there", "status": "in-use", "role": "system"}, "system-disk"),
        (
            {"server": "there", "status": "kept", "role": "system", "beside": True, "kept_until": now()},
            "disk-kept",
        ),
    ],
)
def test_only_data_disks_of_nobody_are_deleted(people, fields, code):
    if "server" in fields:
        fields = {**fields, "server": ServerFactory(project=people.bob.project)}
    disk = free_disk(people.bob, **fields)
    assert can_delete_disk(disk, people.bob).code == code
    assert can_delete_disk(disk, people.dave).code == "read-only"
    assert can_rename_disk(disk, people.bob).code == ("disk-busy" if disk.status == "deleting" else "")


# ── the services ────────────────────────────────────────────────────────────
def test_a_disk_is_made_counts_and_goes(people, engine):
    disk = blank_disk(people.bob, size_gb=3)
    assert disk.ref in engine.inventory().disks
    assert (used_by(people.bob.project)["disks"], used_by(people.bob.project)["disk_gb"]) == (1, 3)
    assert list(differences()) == []
    delete_disk(disk, actor=people.alice)
    with pytest.raises(Refused, match="disk-busy"):
        rename_disk(disk, name="late", actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert (disk.status, disk.ref) == ("deleted", "")
    assert engine.inventory().disks == frozenset()
    assert used_by(people.bob.project)["disks"] == 0
    assert list(Event.objects.values_list("action", flat=True).order_by("at")) == ["createDisk", "deleteDisk"]
    with pytest.raises(NotFound):
        delete_disk(disk, actor=people.bob)


def test_one_that_could_not_be_made_is_retried_or_deleted(people, engine):
    disk = create_disk(name="data", size_gb=1, zone=people.bob.region.zones.first(), actor=people.bob)
    job = Job.objects.get()
    with faulty_engine("create_disk:1", error=NoSpace()):
        end(job)
    disk.refresh_from_db()
    assert disk.status == "failed"
    retry_job(job, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert disk.status == "available"


@pytest.mark.slow(reason="QEMU takes seconds to measure how it derives keys")
def test_a_blank_disk_is_encrypted_with_a_key_that_may_be_used(people, engine):
    """R47, R90."""
    key, zone = KeyFactory(project=people.bob.project), people.bob.region.zones.first()
    disk = create_disk(name="secret", size_gb=1, zone=zone, key=key, actor=people.bob)
    run_jobs()
    disk.refresh_from_db()
    assert (disk.status, disk.key) == ("available", key)
    with pytest.raises(Refused, match="key-not-granted"):
        create_disk(name="mine", size_gb=1, zone=zone, key=key, actor=people.carol)
    disable_key(key, actor=people.bob)
    key.refresh_from_db()
    with pytest.raises(Refused, match="key-not-enabled"):
        create_disk(name="late", size_gb=1, zone=zone, key=key, actor=people.bob)


def test_a_name_is_a_name(people):
    zone, disk = people.bob.region.zones.first(), free_disk(people.bob)
    with pytest.raises(ValidationError):
        create_disk(name="no spaces", size_gb=1, zone=zone, actor=people.bob)
    with pytest.raises(ValidationError):
        rename_disk(disk, name="<b>", actor=people.bob)
    rename_disk(disk, name="数据-1", actor=people.bob)
    disk.refresh_from_db()
    assert disk.name == "数据-1"
    with pytest.raises(NotFound):
        rename_disk(disk, name="mine", actor=people.carol)


def test_disks_kept_from_deleted_servers_are_there_again(people):
    """They had no page before."""
    disk = free_disk(people.bob, name="web-data-1")
    client = client_of(people.bob)
    assert b"web-data-1" in client.get(reverse("disks:list")).content
    assert client.post(reverse("disks:delete", args=[disk.pk])).status_code == 302
    disk.refresh_from_db()
    assert disk.status == "deleting"


# ── the pages ───────────────────────────────────────────────────────────────
def order(people, **typed):
    return {"name": "data", "size_gb": "5", "zone": people.bob.region.zones.first().pk, **typed}


def test_the_form_creates(people):
    answer = gone_through(client_of(people.bob), reverse("disks-create"), order(people))
    disk = Disk.objects.get()
    assert bare(answer["Location"]) == disk.get_absolute_url()
    assert (disk.name, disk.size_gb, disk.status, disk.role) == ("data", 5, "creating", "data")


def test_the_form_offers_the_keys_of_the_project(people):
    mine, foreign = KeyFactory(project=people.bob.project, name="ours"), KeyFactory(name="strange")
    client, url = client_of(people.bob), reverse("disks-create")
    page = client.get(url).content.decode()
    assert "ours" in page
    assert "strange" not in page
    assert client.post(url, order(people, key=str(foreign.pk))).status_code == 422
    gone_through(client, url, order(people, key=str(mine.pk)))
    assert Disk.objects.get().key == mine


@pytest.mark.parametrize(
    "typed",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": "x" * 65},
        {"size_gb": "0"},
        {"size_gb": "-5"},
        {"size_gb": "99999999999999999999"},
        {"size_gb": "ten"},
        {"zone": "0"},
        {"zone": "' OR 1=1"},
    ],
)
def test_what_is_wrong_is_said_beside_its_field(people, typed):
    answer = client_of(people.bob).post(reverse("disks-create"), order(people, **typed))
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()
    assert not Disk.objects.exists()


def test_a_full_quota_and_a_reader_are_refused(people):
    with_quota(people.bob, disks=0)
    assert gone_through(client_of(people.bob), reverse("disks-create"), order(people)).status_code == 409
    assert client_of(people.dave).post(reverse("disks-create"), order(people)).status_code == 409
    assert not Job.objects.exists()


def test_renaming_by_its_page(people):
    disk = free_disk(people.bob)
    url = reverse("disks:rename", args=[disk.pk])
    assert client_of(people.bob).post(url, {"name": "bad name"}).status_code == 422
    assert client_of(people.bob).post(url, {"name": "good"}).status_code == 302
    assert client_of(people.dave).post(url, {"name": "mine"}).status_code == 409
    assert client_of(people.carol).post(url, {"name": "mine"}).status_code == 404
    disk.refresh_from_db()
    assert disk.name == "good"


def test_deleting_asks_first(people):
    disk = free_disk(people.bob)
    url = reverse("disks:delete", args=[disk.pk])
    assert "cannot be restored" in client_of(people.bob).get(url).content.decode()
    assert not Job.objects.exists()
    assert client_of(people.carol).post(url).status_code == 404
    assert client_of(people.dave).post(url).status_code == 409
    attached = DiskFactory(server=ServerFactory(project=people.bob.project), role="data", index=1)
    refused = client_of(people.bob).post(reverse("disks:delete", args=[attached.pk]))
    assert refused.status_code == 409
    assert "Detach it first" in refused.content.decode()
