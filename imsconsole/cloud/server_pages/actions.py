"""What may be done with a server."""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.rules import may_write
from imsconsole.cloud.backups.rules import can_back_up
from imsconsole.cloud.disks.rules import can_capture_server, can_take_disk
from imsconsole.cloud.models import Server
from imsconsole.cloud.schedules.rules import can_schedule
from imsconsole.cloud.servers.rules import (
    can_delete,
    can_force_off,
    can_force_reboot,
    can_reboot,
    can_rename,
    can_resize,
    can_set_auto_start,
    can_show_screen,
    can_start,
    can_start_each,
    can_stop,
    can_tag_server,
)
from imsconsole.cloud.system_disk.rules import can_change_os, can_reinstall_os
from imsconsole.cloud.tray.rules import can_eject_iso, can_mount_iso
from imsconsole.core.actions import MORE, ROW, Action, Many, always

STARTED_BY_PEOPLE = (
    Server.Status.STOPPED,
    Server.Status.STARTING,
    Server.Status.CHANGE_FAILED,
    Server.Status.REINSTALL_FAILED,
    Server.Status.NO_MACHINE,
)


def _is_to_start(server: Server) -> bool:
    return server.status in STARTED_BY_PEOPLE


def _is_on(server: Server) -> bool:
    return not _is_to_start(server)


SERVER_ACTIONS = (
    Action(_("Open screen"), "servers:screen", can_show_screen, "computer-desktop", where=(ROW,)),
    Action(_("Open serial console"), "servers:serial", always, "command-line", where=(ROW, MORE)),
    Action(_("Start"), "servers:start", can_start, "play", spares=("host",), is_shown=_is_to_start,
        method="post", style="primary", many=Many("servers:start-several", can_start_each)),
    Action(_("Start"), "servers:start", can_start, "play", spares=("host",), method="post",
        where=("failed",)),
    Action(_("Stop"), "servers:stop", can_stop, "stop", is_shown=_is_on, asks=True,
        many=Many("servers:stop-several")),
    Action(_("Restart"), "servers:reboot", can_reboot, "arrow-path", asks=True,
        many=Many("servers:reboot-several")),
    Action(_("Force off"), "servers:force-off", can_force_off, "power", is_shown=_is_on, asks=True,
        where=(ROW, MORE), many=Many("servers:force-off-several")),
    Action(_("Force restart"), "servers:force-reboot", can_force_reboot, "bolt", is_shown=_is_on, asks=True,
        where=(ROW, MORE), many=Many("servers:force-reboot-several")),
    Action(_("Create image"), "images:create-from-server", can_capture_server, "square-3-stack-3d",
        query="server", where=(ROW, MORE)),
    Action(_("Change OS"), "servers-change-os", can_change_os, "arrows-right-left", key="o", where=(ROW, MORE),
        many=Many("servers-change-os-many")),
    Action(_("Reinstall OS"), "servers-reinstall-os", can_reinstall_os, "arrow-uturn-down",
        where=(ROW, MORE)),
    Action(_("Resize"), "servers-resize", can_resize, "arrows-pointing-out", spares=("host",), where=(ROW, MORE)),
    Action(_("Mount ISO"), "servers-mount-iso", can_mount_iso, "circle-stack", spares=("host",), where=(ROW, MORE)),
    Action(_("Eject ISO"), "servers:eject-iso", can_eject_iso, "arrow-up-tray",
        is_shown=lambda server: server.iso_id is not None, asks=True, where=(ROW, "iso")),
    Action(_("Back up"), "servers:back-up", can_back_up, "clock", spares=("disks",), where=(MORE,)),
    Action(_("Back up regularly"), "schedules:create", can_schedule, "calendar-days", query="server",
        where=(MORE,)),
    Action(_("Rename"), "servers:rename", can_rename, "pencil", key="e", where=(ROW, MORE)),
    Action(_("Edit tags"), "servers:tag", can_tag_server, "tag", key="t", where=(ROW, MORE, "tags")),
    Action(_("Delete"), "servers:delete", can_delete, "trash", key="d", asks=True, where=(ROW, MORE)),
    Action(_("Attach disk"), "servers:attach-disk", can_take_disk, "plus", spares=("taken",),
        where=("disks",)),
    Action(_("Switch on"), "servers:auto-start", can_set_auto_start,
        is_shown=lambda server: not server.auto_start, method="post", sends={"auto_start": "on"},
        where=("auto-start",)),
    Action(_("Switch off"), "servers:auto-start", can_set_auto_start,
        is_shown=lambda server: server.auto_start, method="post", sends={"auto_start": "off"},
        where=("auto-start",)),
)  # fmt: skip
SERVER_LIST_ACTIONS = (Action(_("Create server"), "servers-create", may_write, "plus", style="primary"),)
