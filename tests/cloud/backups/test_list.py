"""The list of backups, its filters and its CSV, and the page of one."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.core.now import now
from tests.conftest import client_of
from tests.factories import BackupDiskFactory, BackupFactory, ServerFactory, VaultFactory

LIST, EXPORT = "backups:list", "backups:export"


def names_of(actor, **query) -> list[str]:
    table = client_of(actor).get(reverse(LIST), query).context["table"]
    return [row.record.name for row in table.paginated_rows]


@pytest.fixture
def some(people):
    """Of each kind one, a failed one, one that is deleted and one of another project."""
    vault = VaultFactory(project=people.bob.project, name="daily")
    ours = {"project": people.bob.project}
    BackupDiskFactory(backup=BackupFactory(**ours, name="nightly", vault=vault), size_bytes=1024)
    BackupFactory(**ours, name="broken", vault=vault, status="failed", error_code="no-space")
    BackupFactory(**ours, name="legacy", kind="csbs", vault=None, server_name="db")
    BackupFactory(**ours, name="gone", status="deleted", deleted_at=now())
    BackupFactory(project=people.carol.project, name="secret")
    return people


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"nightly", "broken", "legacy"}),
        ({"status": "failed"}, {"broken"}),
        ({"kind": "csbs"}, {"legacy"}),
        ({"q": "DB"}, {"legacy"}),
        ({"q": "night"}, {"nightly"}),
        ({"vault": "Daily"}, {"nightly", "broken"}),
        ({"kind": "nonsense"}, {"nightly", "broken", "legacy"}),
        ({"q": "nothing like it"}, set()),
    ],
)
def test_every_backup_is_there_until_filters_say_less(some, query, names):
    assert set(names_of(some.bob, **query)) == names


def test_an_id_of_backup_or_server_finds_it(people):
    backup = BackupFactory(project=people.bob.project)
    assert names_of(people.bob, q=str(backup.pk)) == [backup.name]
    assert names_of(people.bob, q=str(backup.server_id)) == [backup.name]


def test_the_file_has_what_the_list_has(some):
    answer = client_of(some.bob).get(reverse(EXPORT), {"sort": "name"})
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [line["Name"] for line in lines] == ["broken", "legacy", "nightly"]
    assert lines[2]["Vault"] == "daily"
    assert lines[2]["Size (bytes)"] == "1024"
    assert "secret" not in str(lines)


def test_an_empty_list_says_how_to_begin(people):
    assert "No backups yet" in client_of(people.bob).get(reverse(LIST)).content.decode()
    assert "Nothing matches" in client_of(people.bob).get(reverse(LIST), {"q": "x"}).content.decode()


def test_what_is_worked_on_is_asked_for_again(people):
    backup = BackupFactory(project=people.bob.project, status="creating")
    assert f'hx-select-oob="#backup-{backup.pk}"' in client_of(people.bob).get(reverse(LIST)).content.decode()


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
@pytest.mark.parametrize("rows", [1, 100])
def test_a_list_costs_the_same_with_many_rows(people, rows):
    vault = VaultFactory(project=people.bob.project)
    for _ in range(rows):
        BackupDiskFactory(backup=BackupFactory(project=people.bob.project, vault=vault))
    client = client_of(people.bob)
    client.get(reverse(LIST))
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse(LIST), {"per_page": "100"})
    assert len(queries) == 9


def test_a_page_tells_all_about_a_backup(people):
    server = ServerFactory(project=people.bob.project, name="web")
    backup = BackupFactory(project=people.bob.project, server_id=server.pk, error_code="no-space")
    BackupDiskFactory(backup=backup, size_gb=40)
    page = client_of(people.bob).get(backup.get_absolute_url()).content.decode()
    for said in (str(backup.pk), str(server.pk), server.get_absolute_url(), "40 GB", backup.vault.name):
        assert said in page
    assert "The disk of the service is full" in page
    assert client_of(people.carol).get(backup.get_absolute_url()).status_code == 404


def test_a_backup_outlives_its_server(people):
    backup = BackupFactory(project=people.bob.project, server_name="gone-web")
    page = client_of(people.bob).get(backup.get_absolute_url()).content.decode()
    assert "gone-web" in page
    assert "is gone" in page


def test_a_legacy_backup_has_no_vault_and_says_so(some):
    backup = some.bob.project.backups.get(name="legacy")
    assert (
        "legacy backups have no vault" in client_of(some.bob).get(backup.get_absolute_url()).content.decode()
    )
