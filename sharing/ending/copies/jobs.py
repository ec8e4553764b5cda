"""The job that gives a receiver its own copy, and then ends the share."""

from contextlib import suppress

from django.utils.translation import gettext_lazy as _

from images.copy.jobs import CopyImage
from images.models import Image
from imsconsole.accounts.actor import service_actor
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked_all
from imsconsole.core.sentences import explained
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from sharing.ending.services import end_copied_share
from sharing.messages import tell_copied, tell_owner
from sharing.models import Share


class GiveCopy(CopyImage):
    """`share.give-copy`. As `CopyImage`, in the receiver's project, which can cancel and retry it."""

    kind = "share.give-copy"
    title = _("Receive own copy of a shared image")
    steps = CopyImage.steps

    def settle(self, job: Job, state: str) -> None:
        """The share ends with the copy, and not before it is there."""
        sources = Share.objects.filter(copy=job.subject_id).values_list("image_id", flat=True)
        locked_all(Image.objects.filter(pk__in=[*sources, job.subject_id]))
        super().settle(job, state)
        shares = Share.objects.filter(copy=job.subject_id)
        share = shares.select_related("image", "copy", "owner__account", "owner__region", "project").first()
        if share is None:
            return
        if state != Job.State.DONE:
            why = explained(job.error_code, job.error_values)
            tell_owner("copy-not-given", share, Message.Level.WARNING, why=why)
            return
        tell_copied(share)
        with suppress(NotFound):  # stopped, or rejected, meanwhile: what was promised is kept
            end_copied_share(share, actor=service_actor(share.owner))
