"""What a program says, of which only so much is kept: a small file can make qemu-img name gigabytes of errors."""

import os
import selectors
import subprocess
import time
from typing import IO, cast

from imsconsole.engine.types import MIB

OUTPUT_BYTES = 32 * MIB  # its beginning; qemu-img describes no sound file at such length
ERRORS_BYTES = 64 * 1024  # their end, where the reason is
READ_BYTES = 64 * 1024


def output_of(process: "subprocess.Popen[bytes]", *, limit_s: float) -> tuple[str, str]:
    """Wait until a program has ended: its output and errors. Raises subprocess.TimeoutExpired."""
    out, err, until = bytearray(), bytearray(), time.monotonic() + limit_s
    with selectors.DefaultSelector() as streams:
        for stream in (process.stdout, process.stderr):
            streams.register(cast("IO[bytes]", stream), selectors.EVENT_READ)
        while streams.get_map():
            if not (ready := streams.select(max(0.0, until - time.monotonic()))):
                raise subprocess.TimeoutExpired(process.args, limit_s)
            for key, _ in ready:
                if not (piece := os.read(key.fd, READ_BYTES)):
                    streams.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    out += piece[: OUTPUT_BYTES - len(out)]
                else:
                    err += piece
                    del err[:-ERRORS_BYTES]
    process.wait(max(0.0, until - time.monotonic()))
    return out.decode(errors="replace"), err.decode(errors="replace")
