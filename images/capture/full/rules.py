"""May a full-ECS image (整机镜像) be made? Who, then the server or the backup, then the vault; quota last."""

from images.capture.rules import can_capture
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.backups.rules import can_back_up_into, can_become_image
from imsconsole.cloud.models import Backup, Server, Vault
from imsconsole.core.rules import Verdict


def can_capture_full_into(server: Server, vault: Vault, actor: Actor) -> Verdict:
    """Of a running or stopped server, through a backup of all its disks (§2.7; R6, R30), which needs its place in a vault.

    `vault` comes from `with_facts`. Hard only with the rows locked.
    """
    return can_back_up_into(server, vault, actor) and can_capture(actor)


def can_make_of_backup(backup: Backup, actor: Actor) -> Verdict:
    """An available backup of either kind makes one image (§2.8, §2.9; R68, R69)."""
    return can_become_image(backup, actor) and can_capture(actor)
