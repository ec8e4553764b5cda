"""What a program says, of which only so much is kept: a small file can make qemu-img name gigabytes of errors."""

import os
import selectors
import subprocess
import time
from collections.abc import Iterator
from typing import IO, cast

from imsconsole.engine.types import MIB

OUTPUT_BYTES = 32 * MIB  # its beginning; qemu-img describes no sound file at such length
ERRORS_BYTES = 64 * 1024  # their end, where the reason is
READ_BYTES = 64 * 1024


def pieces_of(
    process: "subprocess.Popen[bytes]", errors: bytearray, *, limit_s: float | None = None
) -> Iterator[bytes]:
    """What a program writes, as it comes, until it writes no more; `errors` is filled with what it says of them.

    Through pipes alone: on a full disk a file could not take the word for that. Raises subprocess.TimeoutExpired.
    """
    until = None if limit_s is None else time.monotonic() + limit_s
    with selectors.DefaultSelector() as streams:
        for stream in (process.stdout, process.stderr):
            streams.register(cast("IO[bytes]", stream), selectors.EVENT_READ)
        while streams.get_map():
            if not (ready := streams.select(None if until is None else max(0.0, until - time.monotonic()))):
                raise subprocess.TimeoutExpired(process.args, limit_s or 0)
            for key, _ in ready:
                if not (piece := os.read(key.fd, READ_BYTES)):
                    streams.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    yield piece
                else:
                    errors += piece
                    del errors[:-ERRORS_BYTES]


def output_of(process: "subprocess.Popen[bytes]", *, limit_s: float) -> tuple[str, str]:
    """Wait until a program has ended: its output and errors. Raises subprocess.TimeoutExpired."""
    out, err, until = bytearray(), bytearray(), time.monotonic() + limit_s
    for piece in pieces_of(process, err, limit_s=limit_s):
        out += piece[: OUTPUT_BYTES - len(out)]
    process.wait(max(0.0, until - time.monotonic()))
    return out.decode(errors="replace"), err.decode(errors="replace")
