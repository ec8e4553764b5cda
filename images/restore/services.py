"""A backup becomes a new server: all its disks, as they were."""

from images.restore.rules import can_restore_to_new
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Region
from imsconsole.cloud.models import Backup, BackupDisk, Disk, Flavor, KeyPair, Server
from imsconsole.cloud.names import host_name, server_name
from imsconsole.cloud.servers.addresses import free_addresses, free_macs
from imsconsole.cloud.servers.jobs import CreateServer
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.locks import locked
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("createServer")
def restore_to_new_server(
    backup: Backup, *, name: str, flavor: Flavor, key_pair: KeyPair | None = None, actor: Actor
) -> Server:
    """A server with the disks of a backup, in its AZ. Without a key pair people sign in as they did then.

    It is a new instance to cloud-init, which sets its name and key anew. Raises Refused, NotFound,
    ValidationError (name).
    """
    lock_project(actor.project)
    locked(Region.objects.all(), actor.region.pk)
    backup = locked(Backup.objects.for_change(actor), backup.pk)
    can_restore_to_new(backup, flavor, actor).require()
    server_name(name)
    server = _new_server(backup, name, flavor, key_pair, actor)
    refs = {disk: _new_disk(disk, server, backup) for disk in backup.disks.order_by("index")}
    job = start_job(
        CreateServer,
        server,
        actor=actor,
        image_ref=next(disk.ref for disk in refs if not disk.index),
        disk_refs={str(new.pk): disk.ref for disk, new in refs.items() if disk.index},
    )
    use_stored(job, refs)
    return server


def _new_server(backup: Backup, name: str, flavor: Flavor, key_pair: KeyPair | None, actor: Actor) -> Server:
    server = Server(
        project=actor.project,
        name=name,
        zone=backup.zone,
        flavor=flavor,
        image=backup.image,
        boot_mode=backup.boot_mode,
        architecture=backup.architecture,
        private_ip=next(free_addresses(actor.project)),
        mac=next(free_macs()),
        key_pair=key_pair,
        ssh_key=key_pair.public_key if key_pair else backup.login.get("ssh_key", ""),
        password_hash="" if key_pair else backup.login.get("password_hash", ""),
        user_data=backup.login.get("user_data", ""),
        restored_from=backup,
        created_by=actor.user,
    )
    server.host_name = host_name(name, f"ecs-{server.pk.hex[:8]}")
    server.save(force_insert=True)
    return server


def _new_disk(disk: BackupDisk, server: Server, backup: Backup) -> Disk:
    is_system = disk.role == Disk.Role.SYSTEM
    return Disk.objects.create(
        project=server.project,
        zone=server.zone,
        name=f"{server.name}-system" if is_system else f"{server.name}-data-{disk.index}",
        role=disk.role,
        size_gb=disk.size_gb,
        server=server,
        index=disk.index,
        image=backup.image if is_system else None,
        key=disk.key,
        multi_queue=is_system and backup.multi_queue,
        secure_boot=is_system and backup.secure_boot,
        tpm=is_system and backup.tpm,
    )
