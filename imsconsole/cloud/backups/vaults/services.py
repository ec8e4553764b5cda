"""Create, change and delete vaults. Each asks its rule with the rows locked: the project's before a vault's."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.backups.vaults.rules import (
    can_delete_vault,
    can_order_vault,
    can_resize_vault,
    is_free_vault_name,
)
from imsconsole.cloud.models import Vault
from imsconsole.cloud.names import server_name
from imsconsole.core.contention import one_wins
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.jobs.quotas import lock_project


@service("createVault")
def create_vault(*, name: str, capacity_gb: int, actor: Actor) -> Vault:
    """A new vault for backups. Raises Refused, also for a name that is taken, ValidationError (name)."""
    lock_project(actor.project)
    can_order_vault(capacity_gb, actor).require()
    server_name(name)
    is_free_vault_name(name, actor).require()
    vault = Vault(project=actor.project, name=name, capacity_gb=capacity_gb, created_by=actor.user)
    return _keep(vault, actor)


@service("updateVault")
def edit_vault(vault: Vault, *, name: str, capacity_gb: int, actor: Actor) -> Vault:
    """Change name and capacity. Raises Refused, NotFound, ValidationError (name)."""
    lock_project(actor.project)
    vault = locked(Vault.objects.for_change(actor), vault.pk)
    can_resize_vault(vault, capacity_gb, actor).require()
    server_name(name)
    is_free_vault_name(name, actor, other_than=vault).require()
    vault.name, vault.capacity_gb = name, capacity_gb
    return _keep(vault, actor)


@service("deleteVault")
def delete_vault(vault: Vault, *, actor: Actor) -> Vault:
    """Delete an empty vault. Raises Refused, NotFound."""
    vault = locked(Vault.objects.for_change(actor), vault.pk)
    can_delete_vault(vault, actor).require()
    vault.deleted_at = now()
    vault.save(update_fields=["deleted_at"])
    return vault


def _keep(vault: Vault, actor: Actor) -> Vault:
    """Two who choose a name at once: the database lets one in, the other reads a sentence."""
    with one_wins(lambda: is_free_vault_name(vault.name, actor, other_than=vault)):
        if vault._state.adding:
            vault.save(force_insert=True)
        else:
            vault.save(update_fields=["name", "capacity_gb"])
    return vault
