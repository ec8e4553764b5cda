"""What may be done with vaults: who, then state, then what is in them; quota last."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import Vault
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from imsconsole.core.text import size
from imsconsole.engine.types import GIB
from imsconsole.jobs.quotas import fits_quota


def can_create_vault(actor: Actor) -> Verdict:
    """Creating vaults needs a role that writes."""
    return may_write(actor)


def can_order_vault(capacity_gb: int, actor: Actor) -> Verdict:
    """A vault of a capacity, within the quota of vault capacity. Hard only after `lock_project`."""
    return may_write(actor) and _is_capacity(capacity_gb) and _fits(capacity_gb, actor)


def can_edit_vault(vault: Vault, actor: Actor) -> Verdict:
    """Name and capacity of a vault can be changed at any time."""
    return may_write(actor)


def can_resize_vault(vault: Vault, capacity_gb: int, actor: Actor) -> Verdict:
    """A vault grows within the quota and shrinks to what is in it. `vault` comes from `with_facts`.

    Hard only after `lock_project` and with the vault's row locked.
    """
    if not (verdict := can_edit_vault(vault, actor) and _is_capacity(capacity_gb)):
        return verdict
    if capacity_gb * GIB < vault.used_bytes:
        return refuse(
            "vault-smaller-than-used",
            _(
                "What is in the vault takes %(used)s. Choose at least that, or delete backups or reject received images "
                "first."
            ),
            used=size(vault.used_bytes),
        )
    return _fits(max(0, capacity_gb - vault.capacity_gb), actor)


def can_delete_vault(vault: Vault, actor: Actor) -> Verdict:
    """An empty vault into which no schedule puts backups. `vault` comes from `with_facts`."""
    if not (verdict := may_write(actor)):
        return verdict
    if vault.schedules_count:
        return refuse(
            "vault-has-schedules",
            _("Schedules put backups into the vault. Delete them first, or choose another vault for them."),
        )
    if vault.backups_count:
        return refuse(
            "vault-not-empty",
            _("The vault holds backups. Delete them first; a vault is deleted only when it is empty."),
        )
    if vault.received_count:
        return refuse(
            "vault-holds-images",
            _(
                "The vault holds full-ECS images that were received with it. Reject them first; what its owner has "
                "deleted leaves the vault when it cannot be restored any more."
            ),
        )
    return ALLOWED


def is_free_vault_name(name: str, actor: Actor, other_than: Vault | None = None) -> Verdict:
    """Names of vaults are unique in a project, as long as the vault exists."""
    named = Vault.objects.visible_to(actor).existing().filter(name=name)
    if (named.exclude(pk=other_than.pk) if other_than else named).exists():
        return refuse("vault-name", _("A vault of this name exists already. Choose another name."))
    return ALLOWED


def _is_capacity(capacity_gb: int) -> Verdict:
    smallest, largest = settings.IMS_VAULT_GB
    if smallest <= capacity_gb <= largest:
        return ALLOWED
    return refuse(
        "vault-capacity",
        _("A vault has %(smallest)s to %(largest)s GB."),
        smallest=smallest,
        largest=largest,
    )


def _fits(more_gb: int, actor: Actor) -> Verdict:
    return fits_quota(actor.project, {"vault_gb": more_gb})
