"""What lies in the data folder and nothing of ours can have put there, or needs any more.

Somebody may be about to put back a file of an image, or keep a copy of the database there: it is told,
and removed by nobody but `check_store --repair`; what lies beside our folders, not even by that.
"""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection

from images.verify.differences import Busy, StoreDifference
from imsconsole.accounts.models import Region
from imsconsole.cloud.buckets.sweep import strays as strays_of_buckets
from imsconsole.cloud.whole_regions import WholeRegion
from imsconsole.core.database_copy import UNFINISHED, copy_path
from imsconsole.core.folders import remove
from imsconsole.engine.types import Inventory

FOLDERS = (
    "database",
    "uploads",
    "downloads",
    "buckets",
    "work",
    "regions",
    "tmp",
    "metrics",
    "static",
    "building",
    "cache",
)
FILES = ("secret_key", "master_key", "demo_password", "restoring")
OF_FILE_SYSTEM = "lost+found"
OF_ALL_REGIONS = (
    "kvm.json",
    "kvm.json.new",
    "uids",
    "room",
    "inspection",
)  # the engine's: whether KVM works, who has which number, what is promised, what is examined
BUILDS_IN_CACHE = "image.build"  # the kind of job that keeps packages in cache/
A_MOMENT_S, AN_HOUR_S = 60, 3600


def strays_of_region(region: Region, engine: WholeRegion, inventory: Inventory) -> Iterator[StoreDifference]:
    for name in sorted(inventory.strays):
        yield StoreDifference(
            f"{region.code}: {name} is nothing of an image, a disk or a server",
            partial(engine.remove_stray, name),
        )


def strays() -> Iterator[StoreDifference]:
    for path in strays_of_buckets():
        yield StoreDifference(f"{_shown(path)} is nothing of an object", partial(remove, path))
    yield from _cache()
    yield from _others()


def _cache() -> Iterator[StoreDifference]:
    """One build leaves it for the next, which `set_up` starts when the first has ended."""
    cache = Path(settings.DATA_DIR) / "cache"
    has_some = cache.is_dir() and any(cache.iterdir())
    if has_some and _is_older_than(AN_HOUR_S, cache) and not Busy().runs(BUILDS_IN_CACHE):
        yield StoreDifference("cache/ is of no running job", partial(remove, cache))


def _others() -> Iterator[StoreDifference]:
    """What is not ours. A half-written master key is."""
    regions = Path(settings.DATA_DIR) / "regions"
    codes = set(Region.objects.values_list("code", flat=True))
    for path in _unknown(Path(settings.DATA_DIR), {*FOLDERS, *FILES, OF_FILE_SYSTEM}):
        if not path.name.startswith(f".{Path(settings.MASTER_KEY_FILE).name}."):
            yield StoreDifference(f"{_shown(path)} is nothing of the console's", None)
        elif _is_older_than(A_MOMENT_S, path):
            yield StoreDifference(f"{_shown(path)} was to become the master key", partial(remove, path))
    for path in _unknown(Path(settings.DATABASE_DIR), _database_files()):
        yield StoreDifference(f"{_shown(path)} is nothing of the database in use", None)
    for path in _unknown(regions, {*codes, *OF_ALL_REGIONS}):
        if not path.is_dir() or any(each.is_file() for each in path.rglob("*")):
            yield StoreDifference(f"{_shown(path)} is of no region", None)


def _unknown(folder: Path, known: set[str]) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in known) if folder.is_dir() else []


def _is_older_than(seconds: float, path: Path) -> bool:
    return abs(time.time() - path.lstat().st_mtime) > seconds


def _database_files() -> set[str]:
    """Those of SQLite, with another database there are none here; and the copy from before an upgrade."""
    name, copy = Path(str(connection.settings_dict["NAME"])).name, copy_path().name
    return {*(name + suffix for suffix in ("", "-wal", "-shm", "-journal")), copy, copy + UNFINISHED}


def _shown(path: Path) -> str:
    return str(path.relative_to(settings.DATA_DIR))
