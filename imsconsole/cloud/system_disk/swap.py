"""Which disk a server boots from, and what goes with it: image, login, what cloud-init knows it by."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.servers.usage import record_usage
from imsconsole.core.locks import locked_all
from imsconsole.core.now import now


def login_of(server: Server) -> dict[str, Any]:
    """What the server's system was told about signing in, as it is kept with a disk."""
    return {
        "key_pair": str(server.key_pair_id) if server.key_pair_id else "",
        "ssh_key": server.ssh_key,
        "password_hash": server.password_hash,
        "user_data": server.user_data,
    }


def kept_until() -> datetime:
    """When a disk that is put aside now is deleted (IMS_OLD_DISK_DAYS)."""
    return now() + timedelta(days=settings.IMS_OLD_DISK_DAYS)


def swap_system_disk(
    server: Server, incoming: Disk, *, status: Disk.Status, kept_until: datetime | None
) -> None:
    """Make `incoming`, which lies beside the server, its system disk; the present one goes aside.

    `status` and `kept_until` are the outgoing disk's. Both keep what belongs to them, so a second
    swap undoes the first. In the caller's transaction, which locks the server's row. Data disks,
    address and MAC are not touched (R136).
    """
    _put_aside(server, status, kept_until)
    Disk.objects.filter(pk=incoming.pk).update(
        beside=False, status=Disk.Status.IN_USE, kept_until=None, login={}
    )
    _take_over(server, incoming)
    record_usage(server, now())


def _put_aside(server: Server, status: Disk.Status, kept_until: datetime | None) -> None:
    outgoing = server.disks.attached().filter(role=Disk.Role.SYSTEM)
    outgoing.update(beside=True, status=status, kept_until=kept_until, login=login_of(server))


def _take_over(server: Server, incoming: Disk) -> None:
    """The server is now what its new system disk says. A key pair may be gone since; its key is not."""
    login, pairs = incoming.login, server.project.key_pairs
    written = {
        "image_id": incoming.image_id,
        "key_pair": next(iter(locked_all(pairs.filter(pk=login["key_pair"]))), None)
        if login["key_pair"]
        else None,
        **{name: login[name] for name in ("ssh_key", "password_hash", "user_data")},
    }
    for name, value in written.items():
        setattr(server, name, value)
    server.save(update_fields=[name.removesuffix("_id") for name in written])
