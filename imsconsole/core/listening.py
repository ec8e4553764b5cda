"""The addresses at which commands of ours listen, and how systemd is told that they do.

A socket that systemd has opened before (`FileDescriptorName=` is what we call it) is taken instead of one of our own: who
comes while we start, or start anew, waits at it and is not refused. See sd_listen_fds(3), sd_notify(3).
"""

import logging
import os
import socket
from functools import cache

from django.core.management.base import CommandError
from gunicorn.systemd import SD_LISTEN_FDS_START, listen_fds, sd_notify

BACKLOG = 2048  # the system allows fewer, usually

logger = logging.getLogger(__name__)


def listen_at(host: str, port: int, *, name: str, who: str, advice: str) -> socket.socket:
    """What `who` listens at: what systemd has opened by that `name`, or our own. Raises CommandError, which says why not, and what to do."""
    if given := _given().get(name):
        return given
    line = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        line.bind((host, port))
        line.listen(BACKLOG)
    except OSError as error:
        line.close()
        raise CommandError(f"{who} cannot listen on {host}:{port} ({error.strerror}). {advice}") from error
    return line


def say_ready() -> None:
    """To systemd, where it waits for that."""
    sd_notify("READY=1", logger)


@cache
def _given() -> dict[str, socket.socket]:
    """What systemd has opened for this very process, which no child takes for its own."""
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    given = {
        name: socket.socket(fileno=SD_LISTEN_FDS_START + number)
        for number, name in zip(range(listen_fds()), names, strict=False)
    }
    for line in given.values():
        line.set_inheritable(False)
    return given
