"""Which state, flavor, image and disk size a server had, and from when to when."""

from datetime import UTC, datetime

from django.db.models import Sum

from imsconsole.cloud.models import Disk, Server, SettledUsage, Usage
from imsconsole.core.locks import locked
from imsconsole.core.now import now

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
    Server.Status.NO_MACHINE: "stopped",
    Server.Status.RESTORING: "stopped",
    Server.Status.RESIZING: "stopped",
}


def record_usage(server: Server, at: datetime) -> None:
    """Close the open interval and open the next when something in it changed.

    In the transaction of the change, under the lock of the server's row. A server that is being
    deleted keeps its interval until it is gone; a deleted or failed one has none. What has been charged stays as
    it is, whatever the clock says: a change that is found out later counts from then on.
    """
    if server.status == Server.Status.DELETING:
        return
    interval = Usage.objects.filter(server=server, ended_at=None).first()
    facts = _facts(server)
    if interval and facts and all(getattr(interval, name) == value for name, value in facts.items()):
        return
    at = max(at, settled_until() or at)
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


def settled_until() -> datetime | None:
    """Up to when usage has been charged; None as long as nothing ever had a price."""
    return SettledUsage.objects.values_list("until", flat=True).first()


def lock_settled() -> SettledUsage:
    """The position of the charges, locked; the hour of the first price when there was none."""
    SettledUsage.objects.get_or_create(pk=1, defaults={"until": hour_of(now())})
    return locked(SettledUsage.objects.all(), 1)


def hour_of(at: datetime) -> datetime:
    """The hour (UTC) in which it is."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
