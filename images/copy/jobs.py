"""The job that copies an image in its region."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.create.jobs import MakeImage, begin, put_disks
from images.models import Image, ImageDisk
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.keys.material import engine_key
from imsconsole.cloud.models import Key
from imsconsole.core.errors import NotFound
from imsconsole.engine.api import Engine
from imsconsole.engine.types import Key as EngineKey
from imsconsole.jobs.kinds import BULK, QUICK
from imsconsole.jobs.quotas import registering
from imsconsole.jobs.run import Run

FACTS = ("index", "role", "source_format", "source_size_bytes", "source_sha256")


class CopyImage(MakeImage):
    """`image.copy`. Args: `disks`, each with the IDs `id` (new), `source` and `held`; `key` and `source_key` (IDs or empty)."""

    kind = "image.copy"
    title = _("Copy image")
    steps = {
        "take": _("Taking its bytes over"),
        "store": _("Copying"),
        "register": _("Registering the copy"),
        "tidy": _("Cleaning up"),
    }

    @classmethod
    def queue_for(cls, args: dict[str, Any]) -> str:
        """A copy that is only linked does not wait behind bytes."""
        return QUICK if _is_link(args) else BULK

    def take(self, run: Run) -> dict[str, Any]:
        """A link of our own to what is read for long, so that nobody can take it away."""
        begin(run, "copy-gone")
        engine = engine_for(copy_of(run).region_id)
        sources = [] if _is_link(run.args) else sources_of(run)
        return {
            disk["id"]: {**asdict(engine.copy(UUID(disk["held"]), source.ref, work=run)), **facts_of(source)}
            for disk, source in sources
        }

    def undo_take(self, run: Run) -> None:
        discard(run, "held")

    def store(self, run: Run) -> dict[str, Any]:
        """Each disk once more: links where the bytes stay, so that nothing is read or written."""
        copy, held = copy_of(run), run.result("take")
        engine = engine_for(copy.region_id)
        if _is_link(run.args):
            return {"rows": [_linked(engine, disk["id"], source, run) for disk, source in sources_of(run)]}
        old, new = (key_of(run.args[name], copy) for name in ("source_key", "key"))
        rows = []
        for pk, source in held.items():
            stored = engine.copy(UUID(pk), source["ref"], work=run, key=old, new_key=new)
            rows.append({"id": pk, **{name: source[name] for name in FACTS}, **asdict(stored)})
        return {"rows": rows}

    def undo_store(self, run: Run) -> None:
        discard(run, "id")

    def register(self, run: Run) -> None:
        with registering(run):
            put_disks(copy_of(run), run.result("store")["rows"])

    def tidy(self, run: Run) -> None:
        """What was only held is let go."""
        run.hold()
        if not _is_link(run.args):
            discard(run, "held")


def _is_link(args: dict[str, Any]) -> bool:
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


def sources_of(run: Run) -> Iterator[tuple[dict[str, str], ImageDisk]]:
    """Each disk of the args with the stored disk it is made of. Raises NotFound: that was deleted."""
    for disk in run.args["disks"]:
        source = ImageDisk.objects.filter(pk=disk["source"]).exclude(ref="").first()
        if source is None:
            raise NotFound("copied-image-gone", name=copy_of(run).source_name)
        yield disk, source


def discard(run: Run, which: str, region: str = "") -> None:
    """Remove what was stored under the IDs `id` or `held` of the args."""
    ids = [UUID(disk[which]) for disk in run.args["disks"]]
    engine_for(region or copy_of(run).region_id).discard(ids, run.prefix, work=run)


def facts_of(source: ImageDisk) -> dict[str, Any]:
    """What a new disk's row takes over from the one it is made of, as JSON."""
    return {
        "index": source.index,
        "role": source.role,
        "source_format": source.format,
        "source_size_bytes": source.size_bytes,
        "source_sha256": source.sha256,
    }


def _linked(engine: Engine, new: str, source: ImageDisk, run: Run) -> dict[str, Any]:
    stored = replace(engine.copy(UUID(new), source.ref, work=run), sha256=source.sha256)
    return {"id": new, **facts_of(source), **asdict(stored), "bytes_id": str(source.bytes_id)}
