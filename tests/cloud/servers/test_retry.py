"""A retry of work on a server: what holds the server by now is in its way (R130)."""

import pytest
from django.db import transaction

from imsconsole.cloud.backups.jobs_restore import RestoreBackup
from imsconsole.cloud.disks.jobs import AttachDisk, DetachDisk, GrowDisk
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.jobs import DeleteServer, RebootServer, StartServer, StopServer
from imsconsole.cloud.system_disk.jobs import ChangeOs, ReinstallOs, UndoChangeOs
from imsconsole.core.rules import Refused
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job
from imsconsole.jobs.start import start_job
from tests import factories

pytestmark = pytest.mark.django_db
KINDS = (
    StartServer, StopServer, RebootServer, DeleteServer, ChangeOs, ReinstallOs, UndoChangeOs, RestoreBackup,
    AttachDisk, DetachDisk, GrowDisk,
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_while_something_is_made_of_the_server_no_work_on_it_is_retried(people, kind: type[JobKind]) -> None:
    server = factories.ServerFactory(project=people.bob.project, status="stopped")
    status = "available" if kind is AttachDisk else "kept" if kind is UndoChangeOs else "in-use"
    owner = None if kind is AttachDisk else server
    disk = factories.DiskFactory(
        project=people.bob.project, zone=server.zone, server=owner, role="data", status=status, size_gb=1
    )
    backup = factories.BackupFactory(project=people.bob.project, status="available")
    args = {
        "disk_id": str(disk.pk), "disks": [str(disk.pk)], "size_gb": 2, "backup_id": str(backup.pk), "delete_disks": True,
    }  # fmt: skip
    with transaction.atomic():
        job = start_job(kind, server, actor=people.bob, **args)
    Job.objects.update(state="failed", error_code="no-space")
    Server.objects.update(task=Server.Task.BACKUP)
    with pytest.raises(Refused) as refused:
        retry_job(job, actor=people.bob)
    assert refused.value.code == "server-task"
    Server.objects.update(task="")
    retry_job(job, actor=people.bob)
