"""Deleting backups: rule, service, job, page; killed at every step."""

import pytest
from django.urls import reverse

from images.verify.store_check import differences
from imsconsole.cloud.backups.rules import can_delete_backup
from imsconsole.cloud.backups.services import delete_backup
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Backup
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from tests.cloud.backups.making import REGION, stored_backup
from tests.conftest import client_of
from tests.factories import BackupFactory, ImageFactory
from tests.support.at_once import DONE, at_once
from tests.support.workers import run_jobs


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("available", ""),
        ("failed", ""),
        ("creating", "backup-busy"),
        ("restoring", "backup-busy"),
        ("deleting", "backup-busy"),
    ],
)
def test_a_backup_at_rest_is_deleted(people, status, code):
    backup = BackupFactory(project=people.bob.project, status=status)
    assert can_delete_backup(backup, people.bob).code == code
    assert can_delete_backup(backup, people.dave).code == "read-only"


def test_an_image_keeps_its_backup_until_it_is_deleted_r88(people):
    backup = BackupFactory(project=people.bob.project)
    image = ImageFactory(project=people.bob.project, type="full", backup=backup)
    with pytest.raises(Refused, match="backup-has-image"):
        delete_backup(backup, actor=people.bob)
    image.status = "deleted"
    image.save()
    delete_backup(Backup.objects.get(pk=backup.pk), actor=people.bob)
    job = Job.objects.get()
    assert (job.kind, job.args["backup_id"]) == ("backup.delete", str(backup.pk))


def test_its_bytes_go_and_the_row_stays(people):
    backup = stored_backup(people.bob)
    assert used_by(people.bob.project)["store_bytes"] > 0
    answer = client_of(people.bob).post(reverse("backups:delete", args=[backup.pk]))
    assert bare(answer.url) == reverse("backups:list")
    run_jobs()
    backup.refresh_from_db()
    assert (backup.status, bool(backup.deleted_at)) == ("deleted", True)
    assert not engine_for(REGION).inventory().stored
    assert used_by(people.bob.project)["store_bytes"] == 0
    assert client_of(people.bob).get(backup.get_absolute_url()).status_code == 404


def test_the_store_knows_the_files_of_backups(people):
    backup = stored_backup(people.bob)
    assert list(differences()) == []
    engine_for(REGION).delete(backup.disks.first().ref, work=Unwatched())
    (lost,) = differences()
    assert str(backup.pk) in lost.what
    lost.repair()
    backup.refresh_from_db()
    assert (backup.status, backup.error_sentence != "") == ("failed", True)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_delete_one_wins(people):
    backup = BackupFactory(project=people.bob.project)
    outcomes = at_once(*[lambda: delete_backup(backup, actor=people.bob) for _ in range(2)])
    assert sorted(outcomes) == ["backup-busy", DONE]
