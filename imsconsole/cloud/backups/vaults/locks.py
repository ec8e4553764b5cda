"""Vaults as they are now, locked until the transaction ends."""

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Vault
from imsconsole.core.errors import NotFound


def locked_vault(vault_id: object, actor: Actor) -> Vault:
    """The vault as it is now with its facts; its row is locked. Raises NotFound.

    Whoever puts a backup into a vault locks its row, so that its capacity is hard.
    """
    vaults = Vault.objects.visible_to(actor).existing()
    held = vaults.select_for_update(of=("self",), no_key=True).filter(pk=vault_id).first()
    row = vaults.with_facts().filter(pk=vault_id).first() if held else None
    if row is None:
        raise NotFound
    return row
