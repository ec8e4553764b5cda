"""A spool in a folder of this host: a file that comes or goes is a link, so nothing is copied."""

import os
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from imsconsole.cloud.spool.spool import Report, See
from imsconsole.core.folders import remove
from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.types import MIB


class FolderSpool:
    """The files in `folder`, by the IDs of their owners."""

    is_shared = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, owner: UUID) -> Path:
        return self._folder / owner.hex

    def has(self, owner: UUID) -> bool:
        return self.path(owner).exists()

    def bring(self, owner: UUID, path: Path, report: Report) -> str:
        return str(path)

    @raises_no_space()
    def keep(self, owner: UUID, brought: str) -> None:
        self.discard(owner)
        os.link(brought, self.path(owner))

    @raises_no_space()
    def share(self, owner: UUID, other: UUID) -> None:
        self.discard(other)
        os.link(self.path(owner), self.path(other))

    @raises_no_space()
    def take(self, owner: UUID, path: Path, report: Report, *, see: See | None = None) -> None:
        path.unlink(missing_ok=True)
        os.link(self.path(owner), path)
        if see is None:
            return
        done, total = 0, path.stat().st_size
        with path.open("rb") as stream:
            while piece := stream.read(MIB):
                see(piece)
                done += len(piece)
                report(done, total)

    def open(self, owner: UUID, start: int = 0) -> BinaryIO:
        stream = self.path(owner).open("rb")
        stream.seek(start)
        return stream

    def discard(self, owner: UUID) -> None:
        self.path(owner).unlink(missing_ok=True)

    def names(self) -> list[str]:
        return sorted(path.name for path in self._folder.iterdir())

    def remove(self, name: str) -> None:
        remove(self._folder / name)
