"""What may be done with a disk; of one that a change of OS left behind, what its server's page offers as well."""

from collections.abc import Callable

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.disks.rules import (
    can_attach_disk,
    can_capture_disk,
    can_create_disk,
    can_delete_disk,
    can_detach_disk,
    can_grow_disk,
    can_rename_disk,
    can_tag_disk,
)
from imsconsole.cloud.models import Disk
from imsconsole.cloud.system_disk.rules import can_delete_kept_disk, can_undo_change_os
from imsconsole.core.actions import PAGE, ROW, Action


def _of_server(url: str) -> Callable[[Disk], str]:
    return lambda disk: reverse(url, args=[disk.server_id, disk.pk])


def _is_kept(disk: Disk) -> bool:
    return disk.beside and disk.server_id is not None


DISK_ACTIONS = (
    Action(_("Attach"), "disks:attach", can_attach_disk, "arrow-down-on-square", key="a",
        is_shown=lambda disk: not disk.beside and disk.server_id is None),
    Action(_("Detach"), "disks:detach", can_detach_disk, "arrow-up-on-square",
        is_shown=lambda disk: not disk.beside and disk.server_id is not None, method="post"),
    Action(_("Expand"), "disks:grow", can_grow_disk, "arrows-pointing-out", key="g"),
    Action(_("Create image"),
        lambda disk: f"{reverse('images:create-from-disk')}?type={disk.role}&disk={disk.pk.hex}",
        can_capture_disk, "square-3-stack-3d", is_shown=lambda disk: not disk.beside),
    Action(_("Rename"), "disks:rename", can_rename_disk, "pencil", key="e"),
    Action(_("Edit tags"), "disks:tag", can_tag_disk, "tag", key="t", where=(ROW, "tags")),
    Action(_("Undo"), _of_server("servers:undo-change-os"), can_undo_change_os, "arrow-uturn-left",
        spares=("host",), is_shown=_is_kept, asks=True, where=(PAGE, "server")),
    Action(_("Undo the change"), _of_server("servers:undo-change-os"), can_undo_change_os, "arrow-uturn-left",
        spares=("host",), asks=True, style="primary", where=("notice",)),
    Action(_("Delete now"), _of_server("servers:delete-kept-disk"), can_delete_kept_disk, "trash",
        is_shown=_is_kept, asks=True, where=(ROW, PAGE, "server")),
    Action(_("Delete"), "disks:delete", can_delete_disk, "trash", key="d", is_shown=lambda disk: not _is_kept(disk),
        asks=True),
)  # fmt: skip
DISK_LIST_ACTIONS = (Action(_("Create disk"), "disks-create", can_create_disk, "plus", style="primary"),)
