"""Disks in the search."""

from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.disks.filters import DiskFilter, disks_of
from imsconsole.cloud.models import Disk
from imsconsole.search.kinds import Kind


def _told(disk: Disk) -> str:
    return f"{disk.size_gb} GB · {disk.get_status_display()}"


SEARCHED = (
    Kind(
        3, _("Disks"), "circle-stack", disks_of, DiskFilter, "disks:list", "disks:detail",
        fields=("q", "tag"), told=_told,
    ),
)  # fmt: skip
