"""Which state, flavor, image and disk size a server had, and from when to when."""

from datetime import datetime

from django.db.models import Sum

from imsconsole.cloud.models import Disk, Server, Usage

STATES = {
    Server.Status.RUNNING: "running",
    Server.Status.REBOOTING: "running",
    Server.Status.STOPPING: "running",
    Server.Status.STOPPED: "stopped",
    Server.Status.STARTING: "stopped",
    Server.Status.CHANGING_OS: "stopped",
    Server.Status.CHANGE_FAILED: "stopped",
    Server.Status.REINSTALLING: "stopped",
    Server.Status.REINSTALL_FAILED: "stopped",
    Server.Status.RESTORING: "stopped",
}


def record_usage(server: Server, at: datetime) -> None:
    """Close the open interval and open the next when something in it changed.

    In the transaction of the change, under the lock of the server's row. A server that is being
    deleted keeps its interval until it is gone; a deleted or failed one has none.
    """
    if server.status == Server.Status.DELETING:
        return
    interval = Usage.objects.filter(server=server, ended_at=None).first()
    facts = _facts(server)
    if interval and facts and all(getattr(interval, name) == value for name, value in facts.items()):
        return
    if interval:
        at = max(at, interval.started_at)
        Usage.objects.filter(pk=interval.pk).update(ended_at=at)
    if facts:
        Usage.objects.create(server=server, project_id=server.project_id, started_at=at, **facts)


def _facts(server: Server) -> dict[str, object]:
    """What an interval says; empty when the server takes nothing."""
    state = STATES.get(Server.Status(server.status))
    if state is None:
        return {}
    disks = Disk.objects.attached().filter(server=server).exclude(status=Disk.Status.FAILED)
    return {
        "state": state,
        "image_id": server.image_id,
        "flavor_id": server.flavor_id,
        "disk_gb": disks.aggregate(total=Sum("size_gb"))["total"] or 0,
    }
