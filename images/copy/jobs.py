"""The job that copies an image in its region."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.create.jobs import MakeImage, begin
from images.models import Image, ImageDisk
from images.models.disks import put_disks
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.keys.material import engine_key
from imsconsole.cloud.models import Key, StoredBytes
from imsconsole.cloud.stored.rows import unkept
from imsconsole.core.errors import NotFound
from imsconsole.engine.types import Key as EngineKey
from imsconsole.jobs.kinds import BULK, QUICK
from imsconsole.jobs.quotas import registering
from imsconsole.jobs.run import Run

FACTS = ("index", "role", "source_format", "source_size_bytes", "source_checksum")


class CopyImage(MakeImage):
    """`image.copy`. Args: `disks`, each with its new `id`, the ID of the bytes it is made of (`stored`) and `FACTS`; `key` and
    `source_key` (IDs or empty). The bytes are the job's to read, whoever deletes what they were of.
    """

    kind = "image.copy"
    title = _("Copy image")
    steps = {"store": _("Copying"), "register": _("Registering the copy")}

    @classmethod
    def queue_for(cls, args: dict[str, Any]) -> str:
        """What is only one more reference does not wait behind bytes."""
        return QUICK if _is_shared(args) else BULK

    def store(self, run: Run) -> dict[str, Any]:
        """The same bytes once more, of which no engine hears; with another key they are written anew."""
        begin(run, "copy-gone")
        disks = [(row_of(disk), stored) for disk, stored in sources_of(run)]
        if _is_shared(run.args):
            return {"rows": [{**row, "stored_id": str(stored.pk)} for row, stored in disks]}
        copy = copy_of(run)
        engine = engine_for(copy.region_id)
        old, new = (key_of(run.args[name], copy) for name in ("source_key", "key"))
        made = [
            engine.copy(UUID(row["id"]), stored.ref, work=run, key=old, new_key=new) for row, stored in disks
        ]
        return {"rows": [row | asdict(each) for (row, _stored), each in zip(disks, made, strict=True)]}

    def undo_store(self, run: Run) -> None:
        if not _is_shared(run.args):
            discard(run)

    def register(self, run: Run) -> None:
        with registering(run):
            put_disks(copy_of(run), run.result("store")["rows"])

    def sweep(self, run: Run) -> None:
        if not _is_shared(run.args):
            super().sweep(run)


def _is_shared(args: dict[str, Any]) -> bool:
    return not args["key"] and not args["source_key"]


def key_of(pk: str, copy: Image) -> EngineKey | None:
    """A key for the engine, by its ID, for the project of the copy. Raises NotFound."""
    if not pk:
        return None
    key = Key.objects.filter(pk=pk).first()
    if key is None:
        raise NotFound("key-gone", id=pk)
    return engine_key(key, copy.project_id or key.project_id)


def copy_of(run: Run) -> Image:
    """The image that is being made."""
    return Image.objects.select_related("project").get(pk=run.job.subject_id)


def sources_of(run: Run) -> Iterator[tuple[dict[str, Any], StoredBytes]]:
    """Each disk of the args with the bytes it is made of. Raises NotFound: a retry may find none."""
    for disk in run.args["disks"]:
        stored = StoredBytes.objects.kept().filter(pk=disk.get("stored")).first()
        if stored is None:
            raise NotFound("copied-image-gone", name=copy_of(run).source_name)
        yield disk, stored


def discard(run: Run) -> None:
    """Remove what was stored under the IDs of the args."""
    engine_for(copy_of(run).region_id).discard(
        unkept(disk["id"] for disk in run.args["disks"]), run.prefix, work=run
    )


def facts_of(source: ImageDisk) -> dict[str, Any]:
    """What a new disk's row takes over from the one it is made of, as JSON."""
    return {
        "index": source.index,
        "role": source.role,
        "source_format": source.format,
        "source_size_bytes": source.size_bytes,
        "source_checksum": source.checksum,
    }


def row_of(disk: dict[str, Any]) -> dict[str, Any]:
    """What the row of a new disk says besides its bytes."""
    return {name: disk[name] for name in ("id", *FACTS)}
