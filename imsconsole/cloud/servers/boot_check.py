"""Did a guest show life since its system was exchanged? What the firmware writes to the serial console is no sign of it.

The answer is the code of the server's state, found out by whoever reconciles it: no worker waits for it,
and a system that speaks late is believed as well. Any other change of state ends the watch.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from imsconsole.cloud.engines import console_of
from imsconsole.cloud.models import Server
from imsconsole.core.now import furthest, now
from imsconsole.engine.types import ConsoleMark, ServerState
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send

AWAITED, SILENT, ALIVE = "boot-awaited", "no-sign-of-life", "boot-seen"
READ_BYTES = 65536

# OVMF speaks on the serial port, too: its boot manager, its network boot, its shell
FIRMWARE = re.compile(
    r"""BdsDxe: .*
    |.*Start\ (PXE|HTTP)\ over\ IPv[46].*
    |\ *(PXE-E\d+|Error):\ .*
    |.*Media.Present.*
    |UEFI\ Interactive\ Shell.*|EDK\ II|UEFI\ v[\d.]+\ \(.*|map:\ .*|Mapping\ table
    |\ +(FS|BLK)\d+:.*|\ +(PciRoot|Alias).*|Press\ ESC\ in.*|Shell>\ *
    |.*[Nn]o\ bootable\ (device|option).*|Press\ any\ key\ to\ enter\ the\ Boot\ Manager\ Menu.*
    |\s*""",
    re.VERBOSE,
)


def shows_life(written: str) -> bool:
    """Whether anything but the firmware wrote this to the console (plain text, without escapes).

    A line that has not ended may yet become one of the firmware's: it does not count.
    """
    return any(not FIRMWARE.fullmatch(line) for line in written.split("\n")[:-1])


def watched_from(before: Mapping[str, Any]) -> dict[str, Any]:
    """Code and values of a system that was just started; `before` is `kept_mark` of its console until then."""
    return {
        "code": AWAITED,
        "values": {
            "console_start": before.get("console_start", ""),
            "console_bytes": before.get("console_bytes", ""),
            "seconds": f"{settings.IMS_BOOT_CHECK_S:g}",
            "until": (now() + timedelta(seconds=settings.IMS_BOOT_CHECK_S)).isoformat(),
        },
    }


def kept_mark(mark: ConsoleMark) -> dict[str, Any]:
    """How a job keeps it among its results."""
    return {"console_start": mark.start, "console_bytes": mark.offset}


def is_watched(server: Server) -> bool:
    return server.status == Server.Status.RUNNING and server.status_code in (AWAITED, SILENT)


def heard_of(server: Server, found: ServerState) -> str:
    """The code of a watched server that runs: alive, silent for too long, or awaited still."""
    if _has_spoken(server, found.console):
        return ALIVE
    until = datetime.fromisoformat(server.status_values["until"])
    return AWAITED if now() < until <= furthest(timedelta(seconds=settings.IMS_BOOT_CHECK_S)) else SILENT


def tell_of_silence(server: Server) -> None:
    """Whoever had the system exchanged may have left the page; in the caller's transaction."""
    job = Job.objects.about(server.pk).select_related("user").order_by("-created_at").first()
    if job and job.user:
        send(
            "server-silent",
            to=[job.user],
            values={"name": server.name, "seconds": server.status_values["seconds"]},
            level=Message.Level.WARNING,
            project=server.project,
            subject=("server", server.pk),
        )


def _has_spoken(server: Server, written: ConsoleMark) -> bool:
    values = server.status_values
    new = written.since(ConsoleMark(values.get("console_start", ""), values["console_bytes"]))
    return new > 0 and shows_life(console_of(server, limit_bytes=min(new, READ_BYTES)))
