"""The default key of a project, `ims/default`: made when it is first needed (§2.25)."""

from django.db import IntegrityError, transaction

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.keys.services import create_default_key
from imsconsole.cloud.models import Key


def default_key(actor: Actor) -> Key:
    """The default key of the actor's project, made now if there is none. Raises Refused, Unavailable.

    Of two who need it at once the database lets one make it.
    """
    keys = Key.objects.visible_to(actor).filter(is_default=True)
    if found := keys.first():
        return found
    try:
        with transaction.atomic():
            return create_default_key(actor=actor)
    except IntegrityError:
        return keys.get()
