"""Copying a full-ECS image to another region before a byte is brought: what is asked, and what the rows say (R81, R82)."""

import pytest

from images.copy.rules import can_copy_across, may_be_backed_up
from images.copy.services import copy_image_across
from imsconsole.cloud.models import Backup, Vault
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from tests import factories
from tests.images.copy.test_copy_across import facts, target  # noqa: F401

pytestmark = pytest.mark.django_db


def test_a_full_image_needs_a_vault_there_and_its_backup_goes_along_r81_r82(people, target):  # noqa: F811
    backup = factories.BackupFactory(project=people.bob.project, size_gb=2)
    factories.BackupDiskFactory(backup=backup)
    image = factories.ImageFactory(project=people.bob.project, type="full", backup=backup)
    factories.ImageDiskFactory(image=image)
    vault = factories.VaultFactory(project=target, capacity_gb=2)
    seen = Vault.objects.with_facts().get(pk=vault.pk)
    assert may_be_backed_up([image], target, None).code == "vault-needed-there"
    assert may_be_backed_up([image], target, backup.vault).code == "vault-needed-there"
    assert may_be_backed_up([image], target, seen).code == "no-zone-there"
    factories.ZoneFactory(region=target.region)
    assert may_be_backed_up([image, image], target, seen).code == "vault-full"
    with pytest.raises(Refused, match="vault-needed-there"):
        copy_image_across(image, target=target, name="far", actor=people.bob)

    copy = copy_image_across(image, target=target, name="far", vault=vault, actor=people.bob)
    copy.refresh_from_db()
    assert (copy.backup.vault, copy.backup.project) == (vault, target)
    job = Job.objects.live().touching(copy.backup.pk).get()
    assert (job.subject_id, job.args["backup_id"]) == (copy.pk, str(copy.backup.pk))
    Backup.objects.update(status="creating")
    assert can_copy_across(facts(image, people.bob), people.bob).code == "backup-busy"
