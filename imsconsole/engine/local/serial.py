"""The serial consoles of guests: a log in each run folder, which QEMU appends to, and a socket to type at.

The log is written whether somebody is at the socket or not.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from imsconsole.engine.conversion.ownership import open_theirs
from imsconsole.engine.conversion.users import Users
from imsconsole.engine.local.state import SERIAL_LOG

SERIAL_SOCKET = "serial.sock"
LOG_LIMIT_BYTES = 8 * 1024**2  # a guest may write for ever; its log may not grow for ever
LOG_KEPT_BYTES = 256 * 1024
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Za-z]|\x1b.")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def end_of_log(run: Path, users: Users, limit_bytes: int) -> str:
    """The last bytes of it, as text. Raises FileNotFoundError."""
    with open_theirs(run / SERIAL_LOG, users.of(run)) as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - limit_bytes))
        return plain_text(stream.read(limit_bytes))


def trim_log(run: Path, users: Users) -> None:
    """Keep the end of a log that grew too long; QEMU appends, so it goes on behind it."""
    with suppress(FileNotFoundError), open_theirs(run / SERIAL_LOG, users.of(run), os.O_RDWR) as log:
        size = os.fstat(log.fileno()).st_size
        if size > LOG_LIMIT_BYTES:
            log.seek(size - LOG_KEPT_BYTES)
            end = log.read()
            log.seek(0)
            log.truncate()
            log.write(end)


def plain_text(written: bytes) -> str:
    """What a terminal was sent, as text: no escapes, no control characters but tabs and new lines."""
    text = ESCAPES.sub("", written.decode(errors="replace"))
    return CONTROLS.sub("", text.replace("\r\n", "\n"))
