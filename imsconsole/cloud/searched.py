"""Backups and vaults in the search."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.backups.filters import BackupFilter, backups_of
from imsconsole.cloud.backups.vaults.filters import VaultFilter, vaults_of
from imsconsole.search.kinds import Kind

SEARCHED = (
    Kind(4, _("Backups"), "clock", backups_of, BackupFilter, "backups:list", "backups:detail"),
    Kind(
        5,
        _("Vaults"),
        "inbox-stack",
        vaults_of,
        VaultFilter,
        "vaults:list",
        "vaults:detail",
        told=lambda vault: f"{vault.capacity_gb} GB",
    ),
)
