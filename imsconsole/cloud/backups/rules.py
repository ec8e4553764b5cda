"""What may be done with a backup: who, then its state, then the images that are made of it."""

from django.utils.translation import gettext as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import Backup
from imsconsole.core.rules import ALLOWED, Verdict, refuse

Status = Backup.Status
WORKING = (Status.CREATING, Status.RESTORING, Status.DELETING)


def can_delete_backup(backup: Backup, actor: Actor) -> Verdict:
    """An available or failed backup of which no image is made."""
    return may_write(actor) and is_at_rest(backup) and has_no_image(backup)


def is_at_rest(backup: Backup) -> Verdict:
    """Nothing works on it."""
    if backup.status in WORKING:
        return refuse(
            "backup-busy",
            _("The backup is in state “%(status)s”. Please wait until that has finished.")
            % {"status": backup.get_status_display()},
        )
    return ALLOWED


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
        )
        % {"image": of_it[0].name},
    )


def is_available(backup: Backup) -> Verdict:
    """A whole backup at rest: it restores, and makes an image (R69)."""
    if not (verdict := is_at_rest(backup)):
        return verdict
    if backup.status == Status.FAILED:
        return refuse(
            "backup-failed", _("The backup failed and holds nothing. Delete it and make another one.")
        )
    return ALLOWED
