"""Single files of a file system, found by our own code and in bounds. Each kind of file system fills this in.

Nothing is mounted and no program sees the file system: every number in it is believed only as far as the
budget of who reads goes, so a hostile one costs a few hundred reads at most and gets nowhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass

DIRECTORY, REGULAR, LINK = 0x4000, 0x8000, 0xA000
MOST_LINKS = 8
LARGEST_DIRECTORY = 1024**2

Read = Callable[[int, int], bytes]  # offset and length on the disk


class Unreadable(Exception):
    """There is no such file system or file, or it is not worth the effort."""


@dataclass(frozen=True)
class Inode:
    """What a name stands for. `raw` says where its content is, or is the content itself."""

    kind: int
    size: int
    layout: int
    raw: bytes


class FileSystem:
    """The file system at `offset`. Raises Unreadable, and what `read` raises."""

    root: int

    def __init__(self, read: Read, offset: int) -> None:
        self._read, self._offset = read, offset

    def file(self, path: str, limit_bytes: int) -> bytes:
        """The first bytes of a regular file; symbolic links are followed, within the file system."""
        inode = self._find(path)
        if inode.kind != REGULAR:
            raise Unreadable
        return self.content(inode, limit_bytes)

    def _find(self, path: str) -> Inode:
        parts, trail, links = path.split("/")[::-1], [self.root], 0
        while parts:
            part = parts.pop()
            if part == "..":
                trail = trail[:-1] or [self.root]
            if part in ("", ".", ".."):
                continue
            number = self._entry(self.inode(trail[-1]), part.encode())
            inode = self.inode(number)
            if inode.kind != LINK:
                trail.append(number)
                continue
            links += 1
            target = self.target(inode).decode(errors="replace")
            if links > MOST_LINKS:
                raise Unreadable
            trail = [self.root] if target.startswith("/") else trail
            parts += target.split("/")[::-1]
        return self.inode(trail[-1])

    def _entry(self, directory: Inode, name: bytes) -> int:
        if directory.kind != DIRECTORY:
            raise Unreadable
        return self.entry(directory, name)

    def _bytes(self, offset: int, length: int) -> bytes:
        part = self._read(self._offset + offset, length)
        if len(part) < length:
            raise Unreadable
        return part

    # of each kind
    def inode(self, number: int) -> Inode:
        raise NotImplementedError

    def entry(self, directory: Inode, name: bytes) -> int:
        """The inode of a name in a directory."""
        raise NotImplementedError

    def content(self, inode: Inode, limit_bytes: int) -> bytes:
        raise NotImplementedError

    def target(self, link: Inode) -> bytes:
        """Where a symbolic link leads."""
        raise NotImplementedError
