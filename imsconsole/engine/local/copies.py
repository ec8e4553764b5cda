"""Copies of stored disks: by a link where the bytes stay the same."""

from pathlib import Path
from uuid import UUID

from imsconsole.engine.local.store import Store
from imsconsole.engine.types import Work


def linked(store: Store, disk_id: UUID, ref: str, work: Work) -> Path:
    """The file of `ref` under the name of `disk_id`. Raises NotFound.

    What an earlier attempt made is taken over, also when `ref` has been deleted meanwhile.
    """
    suffix = store.suffix(ref)
    if adopted := store.adopt(store.images, str(disk_id), suffix, work):
        return adopted
    with store.scrap(work) as folder:
        made = folder / "made"
        store.link_stored(ref, made)
        return store.finish(made, store.images, str(disk_id), suffix, work)
