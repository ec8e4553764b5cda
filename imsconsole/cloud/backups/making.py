"""The rows of a backup that is begun. In the transaction of a service, which holds project, server and vault."""

from typing import Any

from django.db.models import Model

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.jobs_create import CreateBackup, occupy
from imsconsole.cloud.backups.rules import reserved_for, size_of
from imsconsole.cloud.models import Backup, BackupDisk, BackupSchedule, Disk, Server, Vault
from imsconsole.cloud.names import server_name
from imsconsole.cloud.system_disk.swap import login_of
from imsconsole.jobs.models import Job
from imsconsole.jobs.start import start_job


def new_backup(
    server: Server, name: str, actor: Actor, *, vault: Vault | None, schedule: BackupSchedule | None = None
) -> Backup:
    """The server as it is now, and a row for each of its disks. Raises ValidationError (name)."""
    server_name(name)
    disks = list(server.disks.attached().order_by("index"))
    backup = Backup.objects.create(
        project=actor.project,
        name=name,
        kind=Backup.Kind.CBR if vault else Backup.Kind.CSBS,
        vault=vault,
        schedule=schedule,
        size_gb=size_of(server),
        server_id=server.pk,
        server_name=server.name,
        zone=server.zone,
        flavor=server.flavor,
        image_id=server.image_id,
        boot_mode=server.boot_mode,
        architecture=server.architecture,
        multi_queue=disks[0].multi_queue,
        secure_boot=disks[0].secure_boot,
        tpm=disks[0].tpm,
        instance_id=disks[0].instance_id or str(server.pk),
        login=login_of(server),
        created_by=actor.user,
    )
    BackupDisk.objects.bulk_create(
        BackupDisk(
            backup=backup,
            index=disk.index,
            role=disk.role,
            name=disk.name,
            disk_id=disk.pk,
            size_gb=disk.size_gb,
            key_id=disk.key_id,
        )
        for disk in disks
    )
    return backup


def begin_backup(kind: type[CreateBackup], backup: Backup, subject: Model, actor: Actor, **args: Any) -> Job:
    """Start its job, which keeps everybody else from the server. Raises Refused, NotFound, Conflict."""
    server = Server.objects.get(pk=backup.server_id)
    job = start_job(
        kind,
        subject,
        actor=actor,
        reserves=reserved_for(server),
        backup_id=str(backup.pk),
        server=str(server.pk),
        holds={str(server.pk): True, str(backup.pk): True},
        **args,
    )
    occupy(job)
    return job


def disks_beside(server: Server, backup: Backup) -> dict[Disk, BackupDisk]:
    """Rows of new disks beside the server, one for each disk of the backup, as they were then."""
    return {_disk_of(source, server, backup): source for source in backup.disks.all()}


def _disk_of(source: BackupDisk, server: Server, backup: Backup) -> Disk:
    is_system = source.role == Disk.Role.SYSTEM
    return Disk.objects.create(
        project=server.project,
        zone=server.zone,
        name=source.name,
        role=source.role,
        size_gb=source.size_gb,
        server=server,
        index=source.index,
        image_id=backup.image_id if is_system else None,
        key_id=source.key_id,
        multi_queue=is_system and backup.multi_queue,
        secure_boot=is_system and backup.secure_boot,
        tpm=is_system and backup.tpm,
        instance_id=backup.instance_id if is_system else "",
        login=backup.login if is_system else {},
        beside=True,
    )
