"""Files that pass between us and the guests' user.

Programs that read foreign bytes run as that user, and any of them may have been taken over. So they fill
files that we made in folders of ours, where a name stays what we gave it. Only a guest's run folder, and that
of its TPM, is theirs: there a link to a file of ours, or a pipe that never ends, may lie under any name at any moment.
Where we cannot become another user these files are ours as well; then this finds what went wrong.
"""

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO

from imsconsole.engine.conversion.limits import RunAs


def make_blank(path: Path, user: RunAs) -> BinaryIO:
    """An empty file that is the guests' user's, open for writing."""
    file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    try:
        if user.switch:
            os.fchown(file.fileno(), user.uid, user.gid)
    except BaseException:
        file.close()
        raise
    return file


def let_read(path: Path, user: RunAs) -> None:
    """Let programs of the guests' user read a file of ours, under a name that they can reach."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if user.switch and not mode & stat.S_IROTH:
            os.fchown(file.fileno(), -1, user.gid)
            os.fchmod(file.fileno(), mode | stat.S_IRGRP)


def open_theirs(path: Path, user: RunAs, flags: int = os.O_RDONLY) -> BinaryIO:
    """Open a file of the guests' user, without following a link or waiting for a pipe.

    Raises FileNotFoundError, also when something else lies there: another's file, or one with a second name.
    """
    try:
        number = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
    found = os.fstat(number)
    if not (stat.S_ISREG(found.st_mode) and found.st_uid == user.uid and found.st_nlink == 1):
        os.close(number)
        raise FileNotFoundError(errno.ENOENT, "Not a file of its own", str(path))
    return os.fdopen(number, "rb" if flags == os.O_RDONLY else "r+b")


def nobody_writes(file: BinaryIO) -> bool:
    """Whether no process has a file of ours open for writing; False also where the file system cannot tell.

    fcntl(2): a read lease is given only then.
    """
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False
    return True
