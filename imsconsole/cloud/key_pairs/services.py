"""Import, create and delete key pairs."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.key_pairs.rules import can_create_key_pair, can_delete_key_pair, is_free_name
from imsconsole.cloud.key_pairs.ssh_keys import PublicKey
from imsconsole.cloud.models import KeyPair, Server
from imsconsole.core.contention import one_wins
from imsconsole.core.locks import locked, locked_all


@service("importKeypair")
def import_key_pair(*, name: str, key: PublicKey, actor: Actor) -> KeyPair:
    """Keep a public key under a name. Raises Refused, also for a name that is taken."""
    can_create_key_pair(actor).require()
    return _keep(name, key, actor)


@service("createKeypair")
def create_key_pair(*, name: str, key: PublicKey, actor: Actor) -> KeyPair:
    """Keep the public half of a pair made by `keys.new_key`; the private half is nobody's but the caller's."""
    can_create_key_pair(actor).require()
    return _keep(name, key, actor)


@service("deleteKeypair")
def delete_key_pair(key_pair: KeyPair, *, actor: Actor) -> KeyPair:
    """Delete a key pair. Servers made with it keep letting its owner in."""
    locked_all(Server.objects.filter(key_pair=key_pair))  # they forget it
    row = locked(KeyPair.objects.visible_to(actor), key_pair.pk, is_alone=True)
    can_delete_key_pair(row, actor).require()
    row.delete()
    row.pk = key_pair.pk  # for the audit row
    return row


def _keep(name: str, key: PublicKey, actor: Actor) -> KeyPair:
    """Two who choose a name at once: the database lets one in, the other reads a sentence."""
    is_free_name(name, actor).require()
    pair = KeyPair(project=actor.project, name=name, public_key=key.text, fingerprint=key.fingerprint)
    with one_wins(lambda: is_free_name(name, actor)):
        pair.save(force_insert=True)
    return pair
