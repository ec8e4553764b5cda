"""The list of disks, its filters and its CSV, and the page of one."""

import csv
import io
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.cloud.models import Disk
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from tests.cloud.disks.disks import free_disk
from tests.conftest import client_of
from tests.factories import DiskFactory, KeyFactory, ServerFactory, ZoneFactory

LIST, EXPORT = "disks:list", "disks:export"


def names_of(actor, **query) -> list[str]:
    table = client_of(actor).get(reverse(LIST), query).context["table"]
    return [row.record.name for row in table.paginated_rows]


@pytest.fixture
def four(people):
    """A system disk, its data disk, a former system disk and one that is free."""
    server = ServerFactory(project=people.bob.project, name="web-1", ref="there")
    DiskFactory(server=server, name="system", image=server.image)
    DiskFactory(server=server, name="data", role="data", index=1, size_gb=20)
    kept = {"beside": True, "status": "kept", "kept_until": now()}
    DiskFactory(server=server, name="former", image=server.image, **kept)
    free_disk(people.bob, name="free", size_gb=100, zone=ZoneFactory(region=people.bob.region, code="az-2"))
    DiskFactory(server=server, name="gone", index=2, deleted_at=now())
    return people


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"system", "data", "former", "free"}),
        ({"status": "kept"}, {"former"}),
        ({"role": "system"}, {"system", "former"}),
        ({"q": "FRE"}, {"free"}),
        ({"q": "web"}, {"system", "data", "former"}),
        ({"size_min": "20"}, {"data", "free"}),
        ({"size_max": "20", "role": "data"}, {"data"}),
        ({"status": "nonsense", "size_min": "-1"}, {"system", "data", "former", "free"}),
        ({"q": "nothing like it"}, set()),
    ],
)
def test_every_disk_is_there_until_filters_say_less(four, query, names):
    assert set(names_of(four.bob, **query)) == names


def test_encrypted_disks_can_be_looked_for_and_name_their_key(people):
    key = KeyFactory(project=people.bob.project, name="vault-1")
    disk = free_disk(people.bob, name="secret", key=key)
    free_disk(people.bob, name="plain")
    assert names_of(people.bob, encryption="yes") == ["secret"]
    assert names_of(people.bob, encryption="no") == ["plain"]
    client = client_of(people.bob)
    assert "vault-1" in client.get(reverse(LIST), {"columns": "encryption"}).content.decode()
    assert str(key.pk) in client.get(disk.get_absolute_url()).content.decode()
    assert str(key.pk) in b"".join(client.get(reverse(EXPORT)).streaming_content).decode()


def test_order_is_in_the_url(four):
    assert names_of(four.bob, sort="-size_gb")[:2] == ["free", "data"]


def test_an_id_finds_its_disk(people):
    disk = free_disk(people.bob)
    assert names_of(people.bob, q=str(disk.pk)) == [disk.name]


def test_another_account_sees_none(four):
    assert names_of(four.carol) == []
    assert "web-1" not in b"".join(client_of(four.carol).get(reverse(EXPORT)).streaming_content).decode()


def test_an_empty_list_says_how_to_begin(people):
    assert "No disks yet" in client_of(people.bob).get(reverse(LIST)).content.decode()
    assert "Nothing matches" in client_of(people.bob).get(reverse(LIST), {"q": "x"}).content.decode()


def test_what_is_worked_on_is_asked_for_again(people):
    disk = free_disk(people.bob, status="creating")
    assert f'hx-select-oob="#disk-{disk.pk}"' in client_of(people.bob).get(reverse(LIST)).content.decode()


def test_the_csv_has_what_the_list_has(four):
    free_disk(four.bob, name="=1+1")
    answer = client_of(four.bob).get(reverse(EXPORT), {"role": "data", "sort": "name"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row["Name"] for row in rows] == ["'=1+1", "data", "free"]
    assert (rows[1]["Server"], rows[1]["Size (GB)"]) == ("web-1", "20")


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
@pytest.mark.parametrize("page", [LIST, EXPORT])
def test_the_cost_does_not_grow_with_the_rows(people, page):
    client = client_of(people.bob)

    def add(count: int) -> None:
        for _ in range(count):
            server = ServerFactory(project=people.bob.project, ref="there")
            DiskFactory(server=server, image=server.image)
            kept = {"beside": True, "status": "kept", "kept_until": now()}
            DiskFactory(server=server, image=server.image, **kept)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse(page), {"per_page": "100"})
            list(getattr(answer, "streaming_content", []))
        return len(queries)

    add(1)
    client.get(reverse(page))
    few = cost()
    add(20)
    assert cost() == few


def test_the_page_of_a_disk_shows_where_it_is_and_what_was_done(people):
    server = ServerFactory(project=people.bob.project, name="web-1", ref="there")
    disk = DiskFactory(server=server, role="data", index=1, name="data-1", size_gb=33, ref="there")
    Job.objects.create(
        kind="disk.attach", path="imsconsole.cloud.disks.jobs.AttachDisk", queue="quick",
        project=people.bob.project, user=people.bob.user, subject_kind="server", subject_id=server.pk,
        subject_name="web-1", args={"disk_id": str(disk.pk)}, state="failed", error_code="guest-holds-disk",
        error_values={"seconds": 10},
    )  # fmt: skip
    page = client_of(people.bob).get(disk.get_absolute_url()).content.decode()
    for word in ("data-1", "33 GB", "web-1", disk.pk.hex[:20], "Attach disk", "did not let go of the disk"):
        assert word in page
    assert client_of(people.carol).get(disk.get_absolute_url()).status_code == 404
    assert client_of(people.dave).get(disk.get_absolute_url()).status_code == 200


def test_the_servers_page_leads_to_its_disks(people):
    server = ServerFactory(project=people.bob.project)
    disk = DiskFactory(server=server)
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert disk.get_absolute_url() in page
    assert reverse("servers:attach-disk", args=[server.pk]) in page


def test_the_page_of_a_disk_shows_the_serial_number_that_its_guest_reads(people):
    """Known without an engine: ours on this host, the beginning of the volume's ID on a cloud, none before it is there."""
    client, volume = client_of(people.bob), uuid4()
    disk = DiskFactory(server=ServerFactory(project=people.bob.project))
    for ref, serial in (
        ("", "–"),
        (f"{disk.pk}.{'a' * 32}-1-b.qcow2", disk.pk.hex[:20]),
        (f"{disk.pk}.{volume}", str(volume)[:20]),
    ):
        Disk.objects.filter(pk=disk.pk).update(ref=ref)
        page = client.get(disk.get_absolute_url()).content.decode()
        assert f'<dt>Serial number in the guest</dt><dd class="mono">{serial}</dd>' in page
