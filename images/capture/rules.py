"""May images be made of servers and disks? What the server and its disks say is asked in `cloud.disks.rules`."""

from images.fields.rules import can_import
from imsconsole.accounts.actor import Actor
from imsconsole.core.rules import Verdict
from imsconsole.jobs.quotas import fits_quota


def can_capture(actor: Actor, count: int = 1) -> Verdict:
    """Who, then the quota of images (IMG.0015). Hard only after `lock_project`."""
    return can_import(actor) and fits_quota(actor.project, {"images": count})
