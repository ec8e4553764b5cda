"""May a backup become a new server? The backup first, then the flavor, then quota and guest memory."""

from images.launch.fit import fits
from images.launch.rules import quota_of
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.rules import can_restore_backup, has_usable_keys
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.models import Backup, Flavor
from imsconsole.cloud.servers.rules import fits_memory
from imsconsole.core.rules import ALLOWED, Verdict
from imsconsole.jobs.quotas import fits_quota


def can_restore_to_new(backup: Backup, flavor: Flavor, actor: Actor, host: Host | None = None) -> Verdict:
    """An available backup, whose server may be gone, as a server of that flavor.

    Hard only after `lock_project` and with the region's row locked. Load `image__os_version` with the backup.
    """
    host = host or host_of(actor.region)
    sizes = [disk.size_gb for disk in backup.disks.all()]
    return (
        can_restore_backup(backup, actor)
        and has_usable_keys(backup, actor)
        and fits(backup.image, flavor, host.capabilities)
        and fits_quota(actor.project, quota_of(flavor, sizes, 1))
        and _fits_host(flavor, host)
    )


def _fits_host(flavor: Flavor, host: Host) -> Verdict:
    """It is started. Where nothing can be started, no memory is needed."""
    return fits_memory(flavor.memory_mb, host) if host.capabilities.accelerator else ALLOWED
