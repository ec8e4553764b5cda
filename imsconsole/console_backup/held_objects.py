"""Objects of buckets that are held while a backup is made: one more link of each, as an engine holds its files."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from django.conf import settings
from django.core.files.storage import Storage

from imsconsole.core.errors import NotFound
from imsconsole.core.folders import locked_folder
from imsconsole.engine.types import DiskSpec, Kind, ServerSpec, Work


class HeldObjects:
    """Those of a storage whose objects are files here. They never change."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        self._folder = folder
        self._storage = storage

    @classmethod
    @contextmanager
    def of(cls, storage: Storage) -> Iterator[Self]:
        with locked_folder(Path(settings.TEMP_DIR)) as folder:
            yield cls(folder, storage)

    def take(self, kind: Kind, ref: str) -> tuple[str, ...]:
        try:
            os.link(self._storage.path(ref), self.path(ref))
        except FileExistsError:
            pass
        except FileNotFoundError as error:
            if self.path(ref).exists():
                return (ref,)
            raise NotFound("no-such-bytes", ref=ref) from error
        return (ref,)

    def path(self, name: str) -> Path:
        return self._folder / name.replace("/", "+")

    def is_final(self, name: str) -> bool:
        return True

    def still(
        self,
        server: ServerSpec | None,
        disks: Sequence[DiskSpec],
        *,
        known: Mapping[str, int] | None = None,
        work: Work,
    ) -> bool:
        return True
