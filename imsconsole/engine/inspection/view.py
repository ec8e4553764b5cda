"""What can be seen of a file, and what was made out of it."""

from collections.abc import Callable
from dataclasses import dataclass

from imsconsole.core.errors import BadImage
from imsconsole.engine.types import MIB

HEAD_BYTES = 4 * MIB  # holds every header, descriptor and (by custom) VHDX metadata
TAIL_BYTES = 4096  # holds the footers of VHD, streamOptimized VMDK and DMG


class Unseen(Exception):
    """The bytes asked for have not arrived, or have gone by."""


@dataclass(frozen=True)
class View:
    """A file of `size_bytes` (None while it is still arriving) through its head and its tail.

    `read(offset, length)` reaches the rest of a finished file.
    """

    head: bytes
    size_bytes: int | None = None
    end: bytes = b""
    read: Callable[[int, int], bytes] | None = None

    def at(self, offset: int, length: int) -> bytes:
        """Exactly these bytes. Raises BadImage `truncated` past the end, Unseen when out of sight."""
        self.reach(offset + length)
        if offset + length <= len(self.head):
            return self.head[offset : offset + length]
        if self.read is None:
            raise Unseen
        return self.read(offset, length)

    def reach(self, end_offset: int) -> None:
        """Refuse a file that ends before `end_offset`."""
        if self.size_bytes is not None and end_offset > self.size_bytes:
            raise BadImage("truncated", size_bytes=self.size_bytes, needed_bytes=end_offset)

    def tail(self, length: int) -> bytes:
        """The last `length` bytes of the file (all of it when shorter)."""
        if self.size_bytes is None:
            raise Unseen
        return self.end[-length:]


@dataclass(frozen=True)
class Facts:
    """What one format's reader makes out of a view."""

    format: str
    virtual_size_bytes: int
    variant: str = ""
    partition_table: str = ""
    boot_modes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    # of an installation medium: what its label says
    os_id: str = ""
    os_version: str = ""
    os_name: str = ""
    architecture: str = ""


def demand(condition: bool, format: str, field: str, value: int) -> None:
    """Refuse a header whose `field` has an absurd `value` unless `condition`."""
    if not condition:
        raise BadImage("absurd-header", format=format, field=field, value=value)


def is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0
