"""Prints what was measured, and at the end what misses its goal.

Everything happens in a folder of its own, removed afterwards; with `--keep` the filled databases stay in that folder.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import weight
from tests.bench.databases import KINDS, filled
from tests.bench.figures import Figure, missed
from tests.bench.slopes import slopes

ROWS = (1_000, 100_000, 1_000_000)
TABLES = ("pages", "csv", "load", "bytes", "weight", "cloud")
MORE = ("growth", "capacity")  # when they are asked for
RECKONED = 10_000_000  # images that no machine of ours is filled with


OF_DATABASES = ("pages", "csv", "load", "growth", "capacity")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS, help="images in the catalogue")
    parser.add_argument("--databases", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--only", nargs="+", default=TABLES, choices=TABLES + MORE)
    parser.add_argument("--keep", type=Path, help="a folder in which the databases stay")
    return parser.parse_args()


@contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    path = kept or Path(tempfile.mkdtemp(prefix="ims-bench-"))
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)
    try:
        yield path.resolve()
    finally:
        if kept is None:
            shutil.rmtree(path, ignore_errors=True)


def of_databases(asked: argparse.Namespace, base: Path) -> Iterator[Figure]:
    """Pages with each number of rows; the load once, with the middle one."""
    for kind in asked.databases:
        grown: dict[int, list[Figure]] = {}
        for rows in asked.rows:
            with filled(kind, rows, base) as database:
                size = f"{rows:,} on {kind}"
                if "pages" in asked.only:
                    yield from printed(f"Pages, {size} images", database.figures("pages", size))
                if "csv" in asked.only:
                    yield from printed(f"CSV, {size} images", database.figures("csv", size))
                if "growth" in asked.only:
                    grown[rows] = printed(f"What grows, {size} images", database.figures("growth", size))
                    yield from grown[rows]
                if "capacity" in asked.only:
                    yield from printed(f"Capacity, {size} images", database.figures("capacity", size))
                if "load" in asked.only and rows == sorted(asked.rows)[len(asked.rows) // 2]:
                    yield from printed(f"Load, {size} images", database.figures("load", size))

        if len(grown) > 1:
            yield from printed(f"Reckoned, {RECKONED:,} on {kind}", slopes(grown, RECKONED))


def of_bytes(base: Path) -> Iterator[Figure]:
    """Files, uploads and servers, in this process, with SQLite."""
    data = base / "bytes"
    data.mkdir(exist_ok=True)
    os.environ.update(
        IMS_DATA_DIR=str(data), DJANGO_SETTINGS_MODULE="imsconsole.settings", IMS_LOG_LEVEL="ERROR"
    )
    os.environ.pop("IMS_DATABASE_URL", None)
    import django

    django.setup()
    from django.core.management import call_command

    from tests.bench import bytes_, servers, uploads

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    for module in (bytes_, uploads, servers):
        yield from printed(module.TITLE, module.figures(data))
    shutil.rmtree(data)


def of_cloud() -> list[Figure]:
    """Beside the same without us; where no cloud is up it says so."""
    from tests.bench import cloud_
    from tests.openstack.there import why_not

    if why := why_not():
        return printed(f"{cloud_.TITLE}: no cloud, {why}", [])
    return printed(cloud_.TITLE, cloud_.figures())


def printed(title: str, figures: list[Figure]) -> list[Figure]:
    sys.stdout.write("\n".join([title, *map(str, figures), "\n"]))
    sys.stdout.flush()
    return figures


def main() -> None:
    asked = arguments()
    with folder(asked.keep) as base:
        found = list(of_databases(asked, base)) if {*OF_DATABASES} & {*asked.only} else []
        if "bytes" in asked.only:
            found += of_bytes(base)
        if "weight" in asked.only:
            found += printed(weight.TITLE, weight.figures("as shipped"))
    if "cloud" in asked.only:
        found += of_cloud()
    late = missed(found)
    printed(f"{len(late)} of {len(found)} miss their goal" if late else "All reach their goals", late)


main()
