"""The job that fetches or builds a public image and puts it into the catalogue of every region."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.models import Image, OsVersion, PublicSource
from images.models.disks import put_disks
from images.os.catalogue import OTHER_LINUX
from images.public.catalogue import Entry
from images.public.checksums import require_checksum
from images.public.obtain import obtain, published, unpack
from images.uploads.found import examine_file
from imsconsole.cloud.engines import engine_for
from imsconsole.core.checksums import file_digest
from imsconsole.core.downloads import take_over
from imsconsole.core.errors import Conflict
from imsconsole.core.now import now
from imsconsole.engine.types import GIB, FileSource
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run


class FetchPublicImage(JobKind):
    """`image.fetch`, about a `PublicSource`. Args: `entry` (its fields), `slots` (what is to be made).

    A slot has `region`, `boot_mode`, and the UUIDs `image` and `disk`. The images come into being when the
    job ends, all at once, so nobody ever sees half of them.
    """

    kind = "image.fetch"
    title = _("Fetch public image")
    steps = {
        "look": _("Asking its publisher for the checksum"),
        "obtain": _("Downloading or building it"),
        "verify": _("Comparing the checksum"),
        "inspect": _("Examining the file"),
        "store": _("Writing it to the stores of all regions"),
        "tidy": _("Removing the file"),
    }
    scrap = {"obtain": "store"}

    def look(self, run: Run) -> dict[str, Any]:
        """Nothing is fetched that every region has already."""
        entry, told = _entry(run), published(_entry(run))
        if told.checksum and _is_current(run, told.checksum):
            raise Conflict("public-image-current", name=entry.name)
        return asdict(told)

    def undo_look(self, run: Run) -> None:
        """Asked again by a retry: its publisher may have renewed it."""

    def obtain(self, run: Run) -> dict[str, Any]:
        path, earlier = work_dir() / run.token, _newest(run)
        if earlier and not _entry(run).is_built:
            take_over(path, earlier)
        _remove_files(run, but=path)
        obtain(_entry(run), path, run.report)
        return {"file": path.name}

    def undo_obtain(self, run: Run) -> None:
        _remove_files(run)

    def verify(self, run: Run) -> dict[str, Any]:
        path = _obtained(run)
        if wanted := run.result("look")["checksum"]:
            require_checksum(path, wanted, run.report)
        return {"sha256": file_digest(path, "sha256", run.report), "size_bytes": path.stat().st_size}

    def inspect(self, run: Run) -> dict[str, Any]:
        """Unpack it if it is packed, and look at the whole of it as at anybody's file."""
        path = _obtained(run)
        if _entry(run).compression:
            path = work_dir() / run.token
            unpack(_obtained(run), path, run.report)
        found = examine_file(path, claimed="")
        return {"file": path.name, "format": found.format}

    def store(self, run: Run) -> dict[str, Any]:
        found, slots = run.result("inspect"), run.args["slots"]
        source = FileSource(work_dir() / found["file"])
        stored = {}
        for number, slot in enumerate(slots):
            work = _Share(run, number, len(slots))
            disk = engine_for(slot["region"]).ingest(
                UUID(slot["disk"]), source, format=found["format"], work=work
            )
            stored[slot["disk"]] = asdict(disk)
        return stored

    def undo_store(self, run: Run) -> None:
        for slot in run.args["slots"]:
            engine_for(slot["region"]).discard([UUID(slot["disk"])], run.prefix, work=run)

    def tidy(self, run: Run) -> None:
        run.hold()
        _remove_files(run)

    def sweep(self, run: Run) -> None:
        """What engines left unfinished. Of a download, the next attempt takes what is there."""
        for slot in run.args["slots"]:
            engine_for(slot["region"]).sweep(run.prefix)

    def settle(self, job: Job, state: str) -> None:
        """The images, in every region at once."""
        if state != Job.State.DONE:
            return
        told, source = job.results["look"], PublicSource.objects.filter(pk=job.subject_id)
        source.exclude(digest=told["checksum"]).update(digest=told["checksum"], renewed_at=now())
        source.update(signed_by=told.get("signed_by", ""))
        for slot in job.args["slots"]:
            image = _image(job, slot)
            image.save(force_insert=True)
            put_disks(image, [_disk(job, slot)])


@dataclass(frozen=True)
class _Share:
    """The part of the work that one of several equal disks is, as an engine sees it."""

    run: Run
    number: int
    count: int

    @property
    def token(self) -> str:
        return self.run.token

    def report(self, done: int, total: int) -> None:
        self.run.report(self.number * total + done, self.count * total)

    def hold(self) -> None:
        self.run.hold()


def _entry(run: Run) -> Entry:
    return entry_from(run.args["entry"])


def entry_from(values: dict[str, Any]) -> Entry:
    """The entry as it was when the job was started, whatever became of the file since."""
    return Entry(**{**values, "boot_modes": tuple(values["boot_modes"])})


def _is_current(run: Run, checksum: str) -> bool:
    """Whether every slot's region has an image of that very file with that boot mode."""
    source = PublicSource.objects.filter(pk=run.job.subject_id, digest=checksum).first()
    if source is None:
        return False
    made = Image.objects.filter(
        source_id=source.pk, created_at__gte=source.renewed_at, status=Image.Status.ACTIVE
    )
    have = set(made.values_list("region_id", "boot_mode"))
    return all((slot["region"], slot["boot_mode"]) in have for slot in run.args["slots"])


def _obtained(run: Run) -> Path:
    return work_dir() / run.result("obtain")["file"]


def _files(run: Run) -> list[Path]:
    return list(work_dir().glob(f"{run.prefix}*"))


def _newest(run: Run) -> Path | None:
    """What an earlier attempt has of the file: the longest, which no restart has cut."""
    parts = [path for path in _files(run) if path.name.endswith("-obtain")]
    return max(parts, key=lambda path: path.stat().st_size, default=None)


def _remove_files(run: Run, *, but: Path | None = None) -> None:
    for path in _files(run):
        if but is None or not path.name.startswith(but.name):
            path.unlink(missing_ok=True)


def _image(job: Job, slot: dict[str, str]) -> Image:
    entry, stored = entry_from(job.args["entry"]), job.results["store"][slot["disk"]]
    systems = {each.name: each for each in OsVersion.objects.filter(name__in=[entry.os, OTHER_LINUX])}
    other_mode = "" if slot["boot_mode"] == entry.boot_modes[0] else f" · {slot['boot_mode'].upper()}"
    return Image(
        pk=UUID(slot["image"]),
        region_id=slot["region"],
        category=Image.Category.PUBLIC,
        name=f"{entry.name} · {now():%Y-%m-%d}{other_mode}",
        description=entry.page,
        os_version=systems.get(entry.os) or systems.get(OTHER_LINUX),
        architecture=entry.architecture,
        boot_mode=slot["boot_mode"],
        min_disk_gb=-(-stored["virtual_size_bytes"] // GIB),
        min_ram_mb=entry.min_ram_mb,
        cloud_init=True,  # as every system of the catalogue
        status=Image.Status.ACTIVE,
        active_at=now(),
        protected=True,
        source_kind=Image.Source.PLATFORM,
        source_id=job.subject_id,
        source_name=(entry.url or f"Debian packages, {entry.build}")[:255],
        created_by=job.user,
    )


def _disk(job: Job, slot: dict[str, str]) -> dict[str, Any]:
    verified, found = job.results["verify"], job.results["inspect"]
    came_in = {
        "source_format": found["format"],
        "source_size_bytes": verified["size_bytes"],
        "source_checksum": f"sha256:{verified['sha256']}",
    }
    return {"id": slot["disk"], "role": "system", **came_in, **job.results["store"][slot["disk"]]}
