"""Vaults: what they may be, who makes them, how full they are, and their pages."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.audit.models import Event
from imsconsole.cloud.backups.vaults.filters import vaults_of
from imsconsole.cloud.backups.vaults.rules import (
    can_create_vault,
    can_delete_vault,
    can_edit_vault,
    can_order_vault,
    can_resize_vault,
)
from imsconsole.cloud.backups.vaults.services import create_vault, delete_vault, edit_vault
from imsconsole.cloud.models import BackupDisk, Vault
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from imsconsole.jobs.quotas import used_by
from tests.conftest import client_of
from tests.factories import BackupDiskFactory, BackupFactory, BackupScheduleFactory, VaultFactory
from tests.support.at_once import DONE, at_once


def limit(actor, **quotas) -> None:
    actor.project.quotas = quotas
    actor.project.save(update_fields=["quotas"])


def seen(vault: Vault, actor) -> Vault:
    return vaults_of(actor).get(pk=vault.pk)


# rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("capacity", "code"), [(0, "vault-capacity"), (10_241, "vault-capacity"), (1, "")])
def test_a_capacity_has_limits(people, capacity, code):
    assert can_order_vault(capacity, people.bob).code == code


def test_who_reads_creates_none(people):
    asked = (
        can_create_vault(people.dave),
        can_order_vault(1, people.dave),
        can_edit_vault(Vault(), people.dave),
    )
    changed = (can_resize_vault(Vault(), 1, people.dave), can_delete_vault(Vault(), people.dave))
    assert {verdict.code for verdict in (*asked, *changed)} == {"read-only"}
    with pytest.raises(Refused):
        create_vault(name="mine", capacity_gb=1, actor=people.dave)
    with pytest.raises(ValidationError):
        create_vault(name="not a name", capacity_gb=1, actor=people.bob)


def test_capacities_count_towards_the_quota_whatever_is_in_the_vaults(people):
    limit(people.bob, vault_gb=10)
    vault = create_vault(name="one", capacity_gb=7, actor=people.bob)
    assert used_by(people.bob.project)["vault_gb"] == 7
    assert can_order_vault(4, people.bob).code == "quota-vault-gb"
    assert can_resize_vault(seen(vault, people.bob), 11, people.bob).code == "quota-vault-gb"
    edit_vault(vault, name="one", capacity_gb=10, actor=people.bob)
    delete_vault(vault, actor=people.bob)
    assert used_by(people.bob.project)["vault_gb"] == 0


def test_a_vault_shrinks_to_what_its_backups_take(people):
    limit(people.bob, vault_gb=10)
    vault = VaultFactory(project=people.bob.project, capacity_gb=10)
    backup = BackupFactory(project=people.bob.project, vault=vault)
    BackupDiskFactory(backup=backup, size_bytes=2 * GIB + 1)
    assert can_resize_vault(seen(vault, people.bob), 2, people.bob).code == "vault-smaller-than-used"
    assert can_resize_vault(seen(vault, people.bob), 3, people.bob)
    assert can_resize_vault(seen(vault, people.bob), 10_241, people.bob).code == "vault-capacity"
    with pytest.raises(Refused, match="vault-smaller-than-used"):
        edit_vault(vault, name="small", capacity_gb=2, actor=people.bob)
    with pytest.raises(ValidationError):
        edit_vault(vault, name="not a name", capacity_gb=3, actor=people.bob)
    BackupDisk.objects.update(size_bytes=2 * GIB)
    assert can_resize_vault(seen(vault, people.bob), 2, people.bob)


def test_only_an_empty_vault_is_deleted(people):
    backup = BackupFactory(project=people.bob.project)
    with pytest.raises(Refused, match="vault-not-empty"):
        delete_vault(backup.vault, actor=people.bob)
    backup.status, backup.deleted_at = "deleted", now()
    backup.save()
    schedule = BackupScheduleFactory(project=people.bob.project, vault=backup.vault)
    with pytest.raises(Refused, match="vault-has-schedules"):
        delete_vault(backup.vault, actor=people.bob)
    schedule.delete()
    delete_vault(backup.vault, actor=people.bob)
    assert not Vault.objects.existing().exists()


# what a vault holds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "used"), [("creating", 5 * GIB), ("available", GIB), ("failed", 0), ("deleting", GIB)]
)
def test_a_backup_takes_the_most_it_can_until_its_bytes_are_there(people, status, used):
    backup = BackupFactory(project=people.bob.project, size_gb=5, status=status)
    BackupDiskFactory(backup=backup, size_bytes=GIB - 1)
    BackupDiskFactory(backup=backup, index=1, size_bytes=1)
    assert seen(backup.vault, people.bob).used_bytes == used


def test_bytes_of_backups_count_as_stored(people):
    BackupDiskFactory(backup=BackupFactory(project=people.bob.project), size_bytes=77)
    assert used_by(people.bob.project)["store_bytes"] == 77


# services -----------------------------------------------------------------------------------------------


def test_a_vault_is_made_changed_and_deleted_with_a_trace(people):
    vault = create_vault(name="daily", capacity_gb=5, actor=people.bob)
    assert vault.created_by == people.bob.user
    edit_vault(vault, name="nightly", capacity_gb=6, actor=people.alice)
    delete_vault(vault, actor=people.bob)
    vault.refresh_from_db()
    assert (vault.name, vault.capacity_gb, bool(vault.deleted_at)) == ("nightly", 6, True)
    traces = Event.objects.filter(resource_id=str(vault.pk)).order_by("at")
    assert list(traces.values_list("action", flat=True)) == ["createVault", "updateVault", "deleteVault"]


def test_names_are_unique_while_the_vault_exists(people):
    vault = create_vault(name="daily", capacity_gb=5, actor=people.bob)
    other = create_vault(name="other", capacity_gb=5, actor=people.bob)
    with pytest.raises(Refused, match="vault-name"):
        create_vault(name="daily", capacity_gb=5, actor=people.alice)
    with pytest.raises(Refused, match="vault-name"):
        edit_vault(other, name="daily", capacity_gb=5, actor=people.alice)
    create_vault(name="daily", capacity_gb=5, actor=people.carol)
    delete_vault(vault, actor=people.bob)
    create_vault(name="daily", capacity_gb=5, actor=people.bob)


def test_others_vaults_are_not_there(people):
    vault = VaultFactory(project=people.bob.project)
    with pytest.raises(NotFound):
        edit_vault(vault, name="mine", capacity_gb=5, actor=people.carol)
    assert client_of(people.carol).get(vault.get_absolute_url()).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_quota_holds_whoever_creates_and_grows_at_once(people):
    limit(people.bob, vault_gb=10)
    vault = create_vault(name="one", capacity_gb=4, actor=people.bob)
    outcomes = at_once(
        lambda: edit_vault(vault, name="one", capacity_gb=7, actor=people.alice),
        *[
            lambda number=number: create_vault(name=f"v{number}", capacity_gb=3, actor=people.bob)
            for number in range(3)
        ],
    )
    assert sorted(outcomes) == [DONE, DONE, "quota-vault-gb", "quota-vault-gb"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_choose_a_name_one_wins(people):
    outcomes = at_once(
        *[lambda: create_vault(name="daily", capacity_gb=1, actor=people.bob) for _ in range(2)]
    )
    assert sorted(outcomes) == [DONE, "vault-name"]


# pages ----------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a vault is made, changed and deleted by its pages")
def test_a_vault_from_the_form_to_its_end(people):
    client = client_of(people.bob)
    assert client.post(reverse("vaults:create"), {"name": "a b", "capacity_gb": "0"}).status_code == 422
    made = client.post(reverse("vaults:create"), {"name": "daily", "capacity_gb": "5"})
    vault = Vault.objects.get(name="daily")
    assert bare(made.url) == vault.get_absolute_url()
    page = " ".join(client.get(vault.get_absolute_url()).content.decode().split())
    assert "0 B / 5 GiB" in page
    assert "No backup is in this vault" in page
    client.post(reverse("vaults:edit", args=[vault.pk]), {"name": "weekly", "capacity_gb": "9"})
    assert "weekly" in client.get(reverse("vaults:list")).content.decode()
    assert bare(client.post(reverse("vaults:delete", args=[vault.pk])).url) == reverse("vaults:list")
    assert client.get(vault.get_absolute_url()).status_code == 404


def test_the_list_is_filtered_and_exported(people):
    for name in ("daily", "weekly"):
        VaultFactory(project=people.bob.project, name=name)
    VaultFactory(project=people.carol.project, name="secret")
    client = client_of(people.bob)
    shown = client.get(reverse("vaults:list"), {"q": "DAI"}).context["table"]
    assert [row.record.name for row in shown.paginated_rows] == ["daily"]
    answer = client.get(reverse("vaults:export"), {"sort": "-name"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["weekly", "daily"]


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
@pytest.mark.parametrize("rows", [1, 100])
def test_a_list_costs_the_same_with_many_rows(people, rows):
    for _ in range(rows):
        vault = VaultFactory(project=people.bob.project, created_by=people.bob.user)
    BackupFactory(project=people.bob.project, vault=vault)
    client = client_of(people.bob)
    client.get(reverse("vaults:list"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(reverse("vaults:list"), {"per_page": "100"})
    assert len(queries) == 7
