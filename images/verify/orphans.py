"""What a killed process leaves: files that belong to no row, no live job and no living process.

Each may be removed at any moment: rows and jobs come before their files, so what is there is listed first
and asked about then; and processes hold their folders.
"""

import logging
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from images.models import Download, Upload
from images.public.obtain import building_dir
from images.verify.differences import Busy, StoreDifference
from imsconsole.accounts.models import Region
from imsconsole.cloud.buckets.sweep import sweep_incoming
from imsconsole.cloud.hosts import answering
from imsconsole.cloud.inspection import inspection_dir
from imsconsole.cloud.spool.kinds import downloads, uploads
from imsconsole.cloud.spool.spool import Spool
from imsconsole.cloud.whole_regions import WholeRegion
from imsconsole.core.errors import ImsError
from imsconsole.core.folders import left_behind, remove, remove_left
from imsconsole.jobs.files import work_dir

logger = logging.getLogger(__name__)


def remove_orphans() -> None:
    """Remove all of them; one that cannot be removed does not keep the others."""
    _remove(orphans())


def remove_scraps() -> None:
    """Remove what killed processes left on this host's disk alone; for one without a clock."""
    _remove(chain(_work_files(), _temporary()))
    sweep_incoming()


def _remove(found: Iterable[StoreDifference]) -> None:
    for orphan in found:
        try:
            if orphan.repair:
                orphan.repair()
        except (ImsError, OSError):
            logger.exception("not removed: %s", orphan.what)


def orphans() -> Iterator[StoreDifference]:
    yield from _work_files()
    yield from _scraps()
    yield from _temporary()
    yield from _uploads()
    yield from _downloads()


def _uploads() -> Iterator[StoreDifference]:
    rows = Upload.objects.exclude(state=Upload.State.REFUSED)
    for name in _ownerless(uploads(), rows):
        yield StoreDifference(f"uploaded file {name} belongs to no upload", partial(uploads().remove, name))


def _downloads() -> Iterator[StoreDifference]:
    for name in _ownerless(downloads(), Download.objects.all()):
        yield StoreDifference(
            f"downloaded file {name} belongs to no download", partial(downloads().remove, name)
        )


def _ownerless(spool: Spool, rows: QuerySet[Upload] | QuerySet[Download]) -> list[str]:
    present = spool.names()
    known = {pk.hex for pk in rows.values_list("pk", flat=True)}
    return [name for name in present if name not in known]


def _work_files() -> Iterator[StoreDifference]:
    present = sorted(work_dir().iterdir())
    busy = Busy()
    for path in present:
        if not busy.made(path.name):
            yield StoreDifference(f"work file {path.name} belongs to no running job", partial(remove, path))


def _scraps() -> Iterator[StoreDifference]:
    """Unfinished files of a region's engine."""
    for code in answering(Region.objects.values_list("pk", flat=True)):
        engine = WholeRegion(code, silent=False)
        present = sorted(engine.inventory().scraps)
        busy = Busy()
        for name in present:
            if not busy.made(name):
                yield StoreDifference(
                    f"{code}: unfinished file {name} belongs to no running job",
                    partial(engine.sweep, name),
                )


def _temporary() -> Iterator[StoreDifference]:
    for folder in (Path(settings.TEMP_DIR), building_dir(), inspection_dir()):
        for path in left_behind(folder):
            yield StoreDifference(
                f"temporary file {folder.name}/{path.name} belongs to no living process",
                partial(remove_left, path),
            )
