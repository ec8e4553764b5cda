"""Offer an image, answer an offer, take it back. Whoever writes a share holds its image's row."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from images.models import Image
from images.models.locks import held_image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.audit.trail import explain, service
from imsconsole.cloud.keys.services import grant_key
from imsconsole.cloud.models import Key, Vault
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import held
from imsconsole.core.now import now
from imsconsole.notifications.models import Message
from imsconsole.notifications.values import moment
from sharing.messages import tell_owner, tell_receiver
from sharing.models import Share
from sharing.rules import (
    can_accept,
    can_give_notice,
    can_reject,
    can_share_with,
    can_stop_sharing,
    can_withdraw_notice,
    fits_vault,
    is_day_of_notice,
    keys_to_grant,
    members_of_image,
)


@service("shareImage")
def share_image(image: Image, *, project: Project | None, grants_key: bool = False, actor: Actor) -> Share:
    """Offer an image to a project; `grants_key`: together with the keys of its disks, as far as needed (R46, R47).

    `project` is None when there is none with the ID that was typed. Raises Refused, NotFound.
    """
    image = held_image(Image.objects.visible_to(actor).with_facts(actor), image.pk)
    members = members_of_image(image)
    can_share_with(image, project, actor, grants_key=grants_key, members=members).require()
    assert project is not None  # noqa: S101  or it was refused
    keys = keys_to_grant(image, project, members)
    held(Key.objects.filter(pk__in=[key.pk for key in keys]))
    for key in keys:
        grant_key(key, grantee=project, actor=actor)
    try:
        with transaction.atomic():
            share = Share.objects.create(
                image=image, owner=actor.project, project=project, created_by=actor.user
            )
    except IntegrityError:
        can_share_with(image, project, actor, grants_key=grants_key).require()
        raise
    tell_receiver("image-shared", share)
    return share


@service("acceptImage")
def accept_share(share: Share, *, vault: Vault | None = None, actor: Actor) -> Share:
    """Take an offered image into one's own list (R14), also after it was rejected (R57); a full-ECS image with
    a vault that has room for it (R55). Raises Refused, NotFound.
    """
    share = _held_share(share, actor)
    can_accept(share, actor).require()
    fits_vault(share, vault, actor).require()
    share.vault = vault if share.image.type == Image.Type.FULL else None
    _answer(share, Share.Status.ACCEPTED, actor)
    tell_owner("share-accepted", share, Message.Level.SUCCESS)
    return share


@service("rejectImage")
def reject_share(share: Share, *, actor: Actor) -> Share:
    """Say no to an offer, or give an accepted image back (R103). Raises Refused, NotFound."""
    share = _held_share(share, actor)
    can_reject(share, actor).require()
    _answer(share, Share.Status.REJECTED, actor)
    tell_owner("share-rejected", share)
    return share


@service("stopSharingImage")
def stop_sharing(share: Share, *, actor: Actor) -> Share:
    """Take an image back at once (R18, R102). Raises Refused, NotFound."""
    share = _held_share(share, actor)
    can_stop_sharing(share, actor).require()
    return _end(share)


@service("announceEndOfShare")
def give_notice(share: Share, *, ends_at: datetime, actor: Actor) -> Share:
    """Name the day on which a share ends; until then the receiver may copy it. Raises Refused, NotFound."""
    share = _held_share(share, actor)
    can_give_notice(share, actor).require()
    is_day_of_notice(ends_at).require()
    share.ends_at = ends_at
    share.save(update_fields=["ends_at"])
    tell_receiver("share-ends", share, Message.Level.WARNING, until=moment(ends_at))
    return explain(share, _("ends at %(at)s") % {"at": ends_at.isoformat(timespec="minutes")})


@service("withdrawEndOfShare")
def withdraw_notice(share: Share, *, actor: Actor) -> Share:
    """Share on, without an end. Raises Refused, NotFound."""
    share = _held_share(share, actor)
    can_withdraw_notice(share, actor).require()
    share.ends_at = None
    share.save(update_fields=["ends_at"])
    tell_receiver("share-goes-on", share)
    return share


@service("stopSharingImage")
def end_due_share(share: Share, *, actor: Actor) -> Share:
    """What the clock does on the day that was named. Raises NotFound when it has no such day (any more)."""
    Image.objects.select_for_update(no_key=True).get(pk=share.image_id)
    due = Share.objects.filter(pk=share.pk, ended_at=None, ends_at__lte=now())
    row = due.select_related("image", "owner__account", "project").first()
    if row is None:
        raise NotFound
    tell_owner("share-over", row)
    return _end(row)


@service("stopSharingImage")
def end_copied_share(share: Share, *, actor: Actor) -> Share:
    """What ends a share once the receiver has its own copy. Raises NotFound when it has ended already."""
    Image.objects.select_for_update(no_key=True).get(pk=share.image_id)
    row = Share.objects.filter(pk=share.pk, ended_at=None).select_related("image").first()
    if row is None:
        raise NotFound
    return _write_end(explain(row, _("the receiver has its own copy")))


def _end(share: Share) -> Share:
    """The row stays, with the time. Who had accepted it is told."""
    if share.status == Share.Status.ACCEPTED:
        tell_receiver("share-stopped", share, Message.Level.WARNING)
    return _write_end(share)


def _write_end(share: Share) -> Share:
    share.ended_at = now()
    share.save(update_fields=["ended_at"])
    return share


def _answer(share: Share, status: Share.Status, actor: Actor) -> None:
    share.status, share.answered_by, share.answered_at = status, actor.user, now()
    share.save(update_fields=["status", "answered_by", "answered_at", "vault"])


def _held_share(share: Share, actor: Actor) -> Share:
    """The share as it is now, its image's row held; one that the actor cannot see (any more) is not there."""
    Image.objects.select_for_update(no_key=True).filter(pk=share.image_id).first()
    rows = Share.objects.visible_to(actor).with_facts()
    row = rows.select_related("image", "owner__account", "project__account").filter(pk=share.pk).first()
    if row is None:
        raise NotFound
    return row
