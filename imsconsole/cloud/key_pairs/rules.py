"""May key pairs be made and deleted?"""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import KeyPair
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def can_create_key_pair(actor: Actor) -> Verdict:
    """Importing and creating key pairs needs a role that writes."""
    return may_write(actor)


def is_free_name(name: str, actor: Actor) -> Verdict:
    """Names of key pairs are unique in a project."""
    if KeyPair.objects.visible_to(actor).filter(name=name).exists():
        return refuse("key-pair-name", _("A key pair of this name exists already. Choose another name."))
    return ALLOWED


def can_delete_key_pair(key_pair: KeyPair, actor: Actor) -> Verdict:
    """A key pair can always be deleted: servers keep the public key they were born with."""
    return may_write(actor)
