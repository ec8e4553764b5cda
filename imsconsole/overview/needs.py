"""What needs the reader: things that failed, and things that are about to expire."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from images.models import Image, Upload
from images.uploads.rules import used_by_images
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Invitation
from imsconsole.cloud.models import Disk, Server
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from sharing.models import Share

EACH = 5  # of a kind; their lists have the others
FAILED_SINCE = timedelta(days=7)
INVITATION_SOON = timedelta(days=2)


@dataclass(frozen=True)
class OverviewNeed:
    """One line: what, its page, why in a few words, and since or until when. `icon` is a Heroicon's name."""

    icon: str
    title: str
    url: str
    text: str
    at: datetime | None


def needs_of(actor: Actor) -> list[OverviewNeed]:
    """What needs the actor now; at most five of each kind, in eight queries."""
    return [
        *_offers(actor),
        *_ending_shares(actor),
        *_failed_jobs(actor),
        *_kept_disks(actor),
        *_uploads(actor),
        *_invitations(actor),
    ]


def _offers(actor: Actor) -> Iterator[OverviewNeed]:
    """Images that others share with the project and nobody has answered yet."""
    pending = Share.objects.pending_in(actor.project)
    for share in pending.select_related("image", "owner__account")[:EACH]:
        text = _("%(owner)s shares it with this project. Accept or reject it.") % {
            "owner": share.owner.account
        }
        yield OverviewNeed("share", share.image.name, share.get_absolute_url(), text, share.created_at)


def _ending_shares(actor: Actor) -> Iterator[OverviewNeed]:
    """Received images whose owner has named the day on which sharing ends."""
    ending = Share.objects.received_by(actor).filter(status=Share.Status.ACCEPTED, ends_at__isnull=False)
    text = _(
        "Its owner stops sharing it soon. Make a private image of it before if you go on needing it: a copy, or one of a "
        "server made from it."
    )
    for share in ending.select_related("image").order_by("ends_at")[:EACH]:
        yield OverviewNeed("clock", share.image.name, share.image.get_absolute_url(), text, share.ends_at)


def _failed_jobs(actor: Actor) -> Iterator[OverviewNeed]:
    """One's own of the last week, unless newer work on the subject was started or the subject is gone."""
    subject = OuterRef("subject_id")
    newer = Job.objects.filter(subject_id=subject, created_at__gt=OuterRef("created_at"))
    failed = Job.objects.visible_to(actor).filter(user=actor.user, state=Job.State.FAILED)
    open_ = failed.filter(finished_at__gt=now() - FAILED_SINCE).exclude(
        Exists(newer)
        | Exists(Image.objects.gone().filter(pk=subject))
        | Exists(Server.objects.filter(pk=subject, deleted_at__isnull=False))
    )
    for job in open_.order_by("-finished_at")[:EACH]:
        title = _("%(job)s: %(name)s") % {"job": job.title, "name": job.subject_name}
        yield OverviewNeed(
            "exclamation-circle", title, job.get_absolute_url(), job.error_sentence, job.finished_at
        )


def _kept_disks(actor: Actor) -> Iterator[OverviewNeed]:
    text = _("Its former system disk is deleted soon; then the change of its OS can no longer be undone.")
    for disk in Disk.objects.visible_to(actor).expiring().select_related("server")[:EACH]:
        if disk.server:
            yield OverviewNeed(
                "clock", disk.server.name, disk.server.get_absolute_url(), text, disk.kept_until
            )


def _uploads(actor: Actor) -> Iterator[OverviewNeed]:
    """One's own that nobody has touched for half the time they are kept."""
    soon = now() + timedelta(hours=settings.IMS_UPLOAD_KEPT_HOURS) / 2
    waiting = Upload.objects.visible_to(actor).exclude(state=Upload.State.REFUSED)
    uploads = list(waiting.filter(expires_at__lte=soon).order_by("expires_at")[:EACH])
    at_work = used_by_images(uploads) if uploads else {}
    for upload in uploads:
        if upload.pk not in at_work:
            text = (
                _("The file has arrived but no image was made of it; it is removed soon.")
                if upload.state == Upload.State.COMPLETE
                else _("The upload was interrupted; it can go on until it is removed.")
            )
            url = reverse("uploads:detail", args=[upload.pk])
            yield OverviewNeed("arrow-up-tray", upload.name, url, text, upload.expires_at)


def _invitations(actor: Actor) -> Iterator[OverviewNeed]:
    """Those that expire soon; administrators see them."""
    invitations = Invitation.objects.visible_to(actor).open()
    for invitation in invitations.filter(expires_at__lte=now() + INVITATION_SOON)[:EACH]:
        title = invitation.note or str(_("Invitation"))
        text = _("The invitation was not accepted yet and expires soon.")
        yield OverviewNeed("user-plus", title, reverse("project"), text, invitation.expires_at)
