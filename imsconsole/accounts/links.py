"""Secrets of invitation links, and who one is behind such a link."""

import hashlib
import secrets

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Invitation, User
from imsconsole.core.errors import NotFound


def new_secret() -> str:
    """The part of a link that cannot be guessed: 256 bits."""
    return secrets.token_urlsafe(32)


def sha256_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def guest_of(invitation: Invitation, user: User, address: str) -> Actor:
    """The reader of a link as the member the link will make: for `accept_invitation`."""
    account = invitation.account
    project = invitation.projects.first() or account.projects.order_by("region_id", "name").first()
    if project is None:  # every project of the account was deleted since
        raise NotFound
    return Actor(user, project, invitation.role, address)
