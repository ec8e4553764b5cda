"""Who may: the first question of every rule."""

from django.utils.translation import gettext as _

from imsconsole.accounts.actor import Actor
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def may_write(actor: Actor) -> Verdict:
    """Changing anything needs the role full access or administrator (§2.27)."""
    if actor.writes:
        return ALLOWED
    return refuse(
        "read-only",
        _("Your role in this project is read-only. Ask an administrator of the account for full access."),
    )


def may_administer(actor: Actor) -> Verdict:
    """Members and invitations are for administrators of the account."""
    if actor.administers:
        return ALLOWED
    return refuse(
        "administrators-only",
        _("Only administrators of the account can do this. Ask one of them."),
    )
