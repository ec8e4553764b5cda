"""A disk that is full, in our words. This module knows no Django: the engine says it too."""

import errno
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imsconsole.core.errors import NoSpace

FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
# how programs name these; the last two are qemu-img's, for a qcow2 file that may not grow and for a VMDK whose header does not fit
WORDS = (
    "No space left on device", "File too large", "Disk quota exceeded", "image size is too large", "error_setv: Assertion",
)  # fmt: skip


@contextmanager
def raises_no_space() -> Iterator[None]:
    """What the system says of a full disk becomes NoSpace. Also a decorator."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace from error
        raise


def is_out_of_room(folder: Path) -> bool:
    """Whether hardly a byte is left where the folder is. A program that ends there cannot even say why."""
    return shutil.disk_usage(folder).free < 1024**2


def met_full_disk(code: int, errors: str) -> bool:
    """Whether a program that ended with this code and these words failed because the disk is full."""
    return code in (-signal.SIGXFSZ, 128 + signal.SIGXFSZ) or any(words in errors for words in WORDS)
