"""The end of a share. The image's row is locked first, so that nobody accepts what ends."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import explain, service
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.core.sentences import moment, translated
from imsconsole.notifications.models import Message
from sharing.ending.rules import can_give_notice, can_stop_sharing, can_withdraw_notice, is_day_of_notice
from sharing.locks import locked_share
from sharing.messages import tell_owner, tell_receiver
from sharing.models import Share


@service("deleteMember")
def stop_sharing(share: Share, *, actor: Actor) -> Share:
    """Take an image back at once (R18, R102). Raises Refused, NotFound."""
    share = locked_share(share, actor)
    can_stop_sharing(share, actor).require()
    return _end(share)


@service("announceEndOfShare")
def give_notice(share: Share, *, ends_at: datetime, actor: Actor) -> Share:
    """Name the day on which a share ends; until then the receiver may copy it. Raises Refused, NotFound."""
    share = locked_share(share, actor)
    can_give_notice(share, actor).require()
    is_day_of_notice(ends_at).require()
    share.ends_at = ends_at
    share.save(update_fields=["ends_at"])
    tell_receiver("share-ends", share, Message.Level.WARNING, until=moment(ends_at))
    return explain(share, translated(_("ends at %(at)s"), at=moment(ends_at)))


@service("withdrawEndOfShare")
def withdraw_notice(share: Share, *, actor: Actor) -> Share:
    """Share on, without an end. Raises Refused, NotFound."""
    share = locked_share(share, actor)
    can_withdraw_notice(share, actor).require()
    share.ends_at = None
    share.save(update_fields=["ends_at"])
    tell_receiver("share-goes-on", share)
    return share


@service("deleteMember")
def end_due_share(share: Share, *, actor: Actor) -> Share:
    """What the clock does on the day that was named. Raises NotFound when it has no such day (any more)."""
    locked(Image.objects.all(), share.image_id)
    due = Share.objects.filter(pk=share.pk, ended_at=None, ends_at__lte=now())
    row = due.select_related("image", "owner__account", "project").first()
    if row is None:
        raise NotFound
    tell_owner("share-over", row)
    return _end(row)


@service("deleteMember")
def end_copied_share(share: Share, *, actor: Actor) -> Share:
    """What ends a share once the receiver has its own copy. Raises NotFound when it has ended already."""
    locked(Image.objects.all(), share.image_id)
    row = Share.objects.filter(pk=share.pk, ended_at=None).select_related("image").first()
    if row is None:
        raise NotFound
    return _write_end(explain(row, translated(_("the recipient has its own copy"))))


def _end(share: Share) -> Share:
    """The row stays, with the time. Who had accepted it is told."""
    if share.status == Share.Status.ACCEPTED:
        tell_receiver("share-stopped", share, Message.Level.WARNING)
    return _write_end(share)


def _write_end(share: Share) -> Share:
    share.ended_at = now()
    share.save(update_fields=["ended_at"])
    return share
