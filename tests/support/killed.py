"""A program of ours that is killed from outside, as the system does when memory runs out.

    with killed_qemu_img("info", times=1):     # the next `qemu-img info` dies of SIGKILL
    with killed_qemu_img("convert", times=1):  # it has written all of its file, and dies then

A program of that name comes before the real one; it has no more rights than that. In this process only.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT

PROGRAM = """#!/bin/sh
if [ "$1" = {command} ] && read -r left < {left} && [ "$left" -gt 0 ]; then
    echo $((left - 1)) > {left}
    [ "$1" = info ] || {real} "$@"
    kill -KILL $$
fi
exec {real} "$@"
"""


@contextmanager
def killed_qemu_img(command: str, *, times: int) -> Iterator[None]:
    """`qemu-img <command>` is killed so many times."""
    folder = Path(tempfile.mkdtemp(prefix="ims-killed-", dir="/tmp"))
    folder.chmod(0o755)
    left, program = folder / "left", folder / "qemu-img"
    left.write_text(f"{times}\n")
    left.chmod(0o666)
    program.write_text(PROGRAM.format(command=command, left=left, real=shutil.which("qemu-img")))
    program.chmod(0o755)
    try:
        with mock.patch.dict(CLEAN_ENVIRONMENT, PATH=f"{folder}:{CLEAN_ENVIRONMENT['PATH']}"):
            yield
    finally:
        shutil.rmtree(folder)
