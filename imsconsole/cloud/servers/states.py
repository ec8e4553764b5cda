"""The one way a server's state changes: row and usage together."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.usage import record_usage
from imsconsole.core.now import now
from imsconsole.engine.types import Address


def reached_at(ssh: Address | None) -> dict[str, Any]:
    """The fields of a server that say where its port 22 is."""
    return {"ssh_host": ssh.host if ssh else "", "ssh_port": ssh.port if ssh else None}


def change_status(
    server: Server,
    status: Server.Status,
    *,
    code: str = "",
    values: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    **fields: Any,
) -> Server:
    """Write a new state, why (an error's code and values), and `fields`; in the caller's transaction.

    The caller locks the server's row. `at` is when it happened, now if not given.
    """
    at = at or now()
    written = {
        "status": status,
        "status_code": code,
        "status_values": dict(values or {}),
        "status_since": at,
        **fields,
    }
    for name, value in written.items():
        setattr(server, name, value)
    server.save(update_fields=list(written))
    record_usage(server, at)
    return server
