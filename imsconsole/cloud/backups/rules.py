"""What may be done with a backup: who, then its state, then the images that are made of it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.disks.rules import MAX_DATA_DISKS, is_source
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.keys.rules import can_use_key
from imsconsole.cloud.models import Backup, Disk, Server, Vault
from imsconsole.cloud.servers.rules import is_permanent
from imsconsole.cloud.system_disk.rules import can_change_os, fits_its_start, is_stopped_first
from imsconsole.core.edits import told_of
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal, refuse
from imsconsole.core.text import size
from imsconsole.engine.types import GIB
from imsconsole.jobs.quotas import fits_quota

Status = Backup.Status
WORKING = (Status.CREATING, Status.RESTORING, Status.DELETING)


def can_create_backup(actor: Actor) -> Verdict:
    """Making backups needs a role that writes."""
    return may_write(actor)


def with_present_disks(servers: "QuerySet[Server]") -> "QuerySet[Any]":
    """With the disks that `can_back_up` asks for, as `present_disks`, in one query for all of them."""
    return servers.prefetch_related(Prefetch("disks", Disk.objects.attached(), to_attr="present_disks"))


def can_back_up(server: Server, actor: Actor, disks: Iterable[Disk] | None = None) -> Verdict:
    """A running or stopped server without a task is backed up (R30; ims-facts §2.7). `disks` spare a query."""
    return may_write(actor) and is_source(server) and is_permanent(server) and _has_disks(server, disks)


def can_back_up_into(server: Server, vault: Vault, actor: Actor) -> Verdict:
    """A server has one vault at most, and that has room for all its disks. `vault` comes from `with_facts`.

    Hard only after `lock_project` and with the vault's row locked.
    """
    return (
        can_back_up(server, actor) and is_bound_to(server, vault) and fits_vault(vault, size_of(server))
    ) and fits_store(server, actor)


def size_of(server: Server) -> int:
    """GB of all its disks: the most a backup of it can take."""
    return sum(server.disks.attached().values_list("size_gb", flat=True))


def is_bound_to(server: Server, vault: Vault) -> Verdict:
    """A server that has backups in a vault goes on in that one (ims-facts §2.7)."""
    # copies of its backups in another region bind nobody
    here = Backup.objects.existing().filter(server_id=server.pk, project=server.project_id)
    bound = here.filter(kind=Backup.Kind.CBR)
    other = bound.exclude(vault=vault).exclude(status=Status.FAILED).select_related("vault").first()
    if other is None:
        return ALLOWED
    return refuse(
        "server-in-other-vault",
        _("Backups of the server are in the vault “%(vault)s”, and a server has one. Choose that vault."),
        vault=other.vault,
    )


def fits_vault(vault: Vault, size_gb: int) -> Verdict:
    """Whether a vault has room for a backup of disks of that size."""
    if vault.used_bytes + size_gb * GIB <= vault.capacity_bytes:
        return ALLOWED
    return refuse(
        "vault-full",
        _(
            "The vault “%(vault)s” has %(free)s left, and the disks have %(size)s. Make the vault larger, delete "
            "backups or reject received images in it, or choose another."
        ),
        vault=vault.name,
        free=size(max(0, vault.capacity_bytes - vault.used_bytes)),
        size=size(size_gb * GIB),
    )


def fits_store(server: Server, actor: Actor) -> Verdict:
    """Whether the quota of stored bytes has room for what the backup reserves. Hard only after `lock_project`."""
    return fits_quota(actor.project, reserved_for(server))


def reserved_for(server: Server) -> dict[str, int]:
    """What a backup reserves of the quota until it is known what it takes: the most that can be."""
    return {"store_bytes": size_of(server) * GIB}


def can_delete_backup(backup: Backup, actor: Actor) -> Verdict:
    """An available or failed backup of which no image is made."""
    return may_write(actor) and is_at_rest(backup) and has_no_image(backup)


def can_restore_backup(backup: Backup, actor: Actor) -> Verdict:
    """An available backup restores to its server, or to a new one."""
    return may_write(actor) and is_available(backup)


def can_restore_to(
    backup: Backup, server: Server, actor: Actor, *, stop_first: bool, host: Host | None = None
) -> Verdict:
    """To the server it is of, stopped or with the box that stops it; its present disks are kept, so new ones must fit.

    Hard only after `lock_project` and with the region's row locked. `host` spares a query.
    """
    return (
        can_restore_backup(backup, actor)
        and _is_of(backup, server)
        and has_usable_keys(backup, actor)
        and can_change_os(server, actor)
        and is_stopped_first(server, stop_first=stop_first)
        and _has_places(backup, server)
        and fits_quota(actor.project, disks_of(backup))
        and fits_its_start(server, host or host_of(actor.region))
    )


def has_usable_keys(backup: Backup, actor: Actor) -> Verdict:
    """What its disks are encrypted with can be used now (R90). Prefetch `disks__key`."""
    keys = {disk.key for disk in backup.disks.all() if disk.key}
    return first_refusal(can_use_key(key, actor) for key in keys)


def disks_of(backup: Backup) -> dict[str, int]:
    """What disks restored from it take of the quotas."""
    sizes = [disk.size_gb for disk in backup.disks.all()]
    return {"disks": len(sizes), "disk_gb": sum(sizes)}


def _is_of(backup: Backup, server: Server) -> Verdict:
    if backup.server_id == server.pk:
        return ALLOWED
    return refuse(
        "backup-of-other-server",
        _("The backup is of another server. It can be restored to that one, or to a new one."),
    )


def _has_places(backup: Backup, server: Server) -> Verdict:
    """Data disks come to the places they had; disks at other places stay where they are."""
    data = server.disks.attached().filter(role=Disk.Role.DATA).values_list("index", flat=True)
    if len({*data, *(disk.index for disk in backup.disks.all() if disk.index)}) <= MAX_DATA_DISKS:
        return ALLOWED
    return refuse(
        "data-disk-count",
        _(
            "With the disks of the backup the server would have more than %(limit)s data disks. Detach some first."
        ),
        limit=MAX_DATA_DISKS,
    )


def is_at_rest(backup: Backup) -> Verdict:
    """Nothing works on it."""
    if backup.status in WORKING:
        return refuse(
            "backup-busy",
            _("The backup is in state “%(status)s”. Please wait until that has finished."),
            status=told_of(backup, "status"),
        )
    return ALLOWED


def can_become_image(backup: Backup, actor: Actor) -> Verdict:
    """An available backup of either kind makes one image (R68, R69). Shared disks do not exist here.

    The image's own quota is asked in `images.capture.full.rules`. Prefetch `images` for lists.
    """
    return may_write(actor) and is_available(backup) and has_no_image(backup)


def has_no_image(backup: Backup) -> Verdict:
    """One backup makes one image (R68), which keeps it from being deleted (R88). Prefetch `images` for lists."""
    of_it = [image for image in backup.images.all() if image.status != "deleted"]
    if not of_it:
        return ALLOWED
    return refuse(
        "backup-has-image",
        _(
            "The image “%(image)s” is made of this backup, and a backup makes one image. Delete the image first; "
            "it can take its backup along."
        ),
        image=of_it[0].name,
    )


def _has_disks(server: Server, disks: Iterable[Disk] | None) -> Verdict:
    """All its disks came about, and nothing is done to them."""
    present = list(server.disks.attached()) if disks is None else disks
    if {disk.status for disk in present} == {Disk.Status.IN_USE}:
        return ALLOWED
    return refuse(
        "server-disks-busy",
        _(
            "A disk of the server is being changed, or could not be created. Please wait until that has finished."
        ),
    )


def is_available(backup: Backup) -> Verdict:
    """A whole backup at rest: it restores, and makes an image (R69). Prefetch `disks` for lists."""
    if not (verdict := is_at_rest(backup)):
        return verdict
    if backup.status == Status.FAILED:
        return refuse(
            "backup-failed", _("The backup failed and holds nothing. Delete it and make another one.")
        )
    if backup.is_damaged:
        return refuse(
            "backup-bytes-damaged",
            _(
                "The stored bytes of the backup are no longer what they were. Nothing can be made of it until the "
                "operator has put the right file back."
            ),
        )
    return ALLOWED
