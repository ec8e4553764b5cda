"""Unix sockets in folders of other users."""

import os
import socket
import stat
from pathlib import Path


def connect_to(path: Path, timeout_s: float | None = None) -> socket.socket:
    """A connection to the socket at `path`; what is no socket but a link to one is not followed. Raises OSError.

    It goes by a descriptor: nothing can be put in its place meanwhile, and its name may have more than 108 bytes.
    """
    number = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            raise ConnectionRefusedError(str(path))
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(timeout_s)
        try:
            line.connect(f"/proc/self/fd/{number}")
        except OSError:
            line.close()
            raise
        return line
    finally:
        os.close(number)
