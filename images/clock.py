"""Periodic work of this room."""

from datetime import timedelta

from images.delete.clock import delete_due_images, empty_trashes, finish_deletions
from images.uploads.clock import expire_uploads
from images.verify.clock import EVERY, verify_oldest
from images.verify.orphans import remove_orphans
from imsconsole.accounts.drafts import forget_old_drafts
from imsconsole.core.periodic import Periodic

PERIODIC = (
    Periodic("images.expire_uploads", timedelta(minutes=10), expire_uploads),
    Periodic("images.remove_orphans", timedelta(minutes=10), remove_orphans),
    Periodic("images.delete_due", timedelta(minutes=1), delete_due_images),
    Periodic("images.empty_trashes", timedelta(minutes=10), empty_trashes),
    Periodic("images.finish_deletions", timedelta(hours=6), finish_deletions),
    Periodic("images.verify_oldest", EVERY, verify_oldest),
    Periodic("accounts.forget_old_drafts", timedelta(hours=24), forget_old_drafts),
)
