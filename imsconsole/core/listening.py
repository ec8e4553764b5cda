"""The addresses at which commands of ours listen."""

import socket

from django.core.management.base import CommandError

BACKLOG = 2048  # the system allows fewer, usually


def listen_at(host: str, port: int, *, who: str, advice: str) -> socket.socket:
    """What `who` listens at. Raises CommandError, which says why not, and what to do."""
    line = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        line.bind((host, port))
        line.listen(BACKLOG)
    except OSError as error:
        line.close()
        raise CommandError(f"{who} cannot listen on {host}:{port} ({error.strerror}). {advice}") from error
    return line
