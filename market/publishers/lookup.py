"""The publisher an actor works for."""

from imsconsole.accounts.actor import Actor
from market.models import Publisher


def publisher_of(actor: Actor) -> Publisher | None:
    """That of the account, whatever the operator said."""
    return Publisher.objects.filter(account=actor.account).first()
