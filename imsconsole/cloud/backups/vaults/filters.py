"""The filters of the list of vaults and of its CSV."""

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Vault, VaultQuerySet
from imsconsole.core.filters import ListFilter, WordFilter


def vaults_of(actor: Actor) -> VaultQuerySet:
    """Every vault of the project that exists, with its facts."""
    vaults: VaultQuerySet = Vault.objects.visible_to(actor).existing().with_facts()
    return vaults.select_related("created_by")


class VaultFilter(ListFilter):
    primary = ("q",)

    q = WordFilter()

    class Meta:
        model = Vault
        fields = ("q",)
