"""Invitations: a link that works once. It needs no mail server: whoever invites sends it by any way."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.links import sha256_of
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Invitation, Membership, Project
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked
from imsconsole.core.now import now


@service("inviteMember")
def invite_member(
    *, secret: str, role: str, note: str = "", projects: Iterable[Project] = (), actor: Actor
) -> Invitation:
    """Make a link for one person. `secret` is shown to the inviter once; only its SHA-256 is kept."""
    narrowed = list(projects)
    rules.can_invite(actor).require()
    rules.fits_role(role, bool(narrowed)).require()
    invitation = Invitation.objects.create(
        account=actor.account,
        role=role,
        note=note,
        secret_sha256=sha256_of(secret),
        created_by=actor.user,
        expires_at=now() + timedelta(days=settings.IMS_INVITATION_DAYS),
    )
    invitation.projects.set(narrowed)
    return invitation


@service("withdrawInvitation")
def withdraw_invitation(*, invitation: Invitation, actor: Actor) -> Invitation:
    """Make a link useless before it is used."""
    invitation = locked(Invitation.objects.all(), invitation.pk)
    rules.can_withdraw_invitation(invitation, actor).require()
    pk = invitation.pk
    invitation.delete()
    invitation.pk = pk
    return invitation


@service("acceptInvitation")
def accept_invitation(*, invitation: Invitation, password: str = "", actor: Actor) -> Membership:
    """Use a link: its reader becomes a member. A newcomer's user (not saved yet) is made with `password`."""
    user, invitation = actor.user, locked(Invitation.objects.all(), invitation.pk)
    if user is None:
        raise NotFound
    rules.can_accept_invitation(invitation, user if user.pk else None).require()
    if not user.pk:
        user.set_password(password)
        user.save()
    membership = Membership.objects.create(user=user, account=invitation.account, role=invitation.role)
    membership.projects.set(invitation.projects.all())
    invitation.accepted_by, invitation.accepted_at = user, now()
    invitation.save(update_fields=["accepted_by", "accepted_at"])
    return membership
