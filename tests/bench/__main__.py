"""Prints the table of benchmarks. Everything happens in a data folder of its own, removed afterwards."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

BASE = Path(tempfile.mkdtemp(prefix="ims-bench-"))
BASE.chmod(0o755)
os.environ.update(IMS_DATA_DIR=str(BASE), DJANGO_SETTINGS_MODULE="imsconsole.settings", IMS_LOG_LEVEL="ERROR")
os.environ.pop("IMS_DATABASE_URL", None)

import django  # noqa: E402

django.setup()

from tests.bench import bytes_, pages, servers, uploads  # noqa: E402


def main() -> None:
    try:
        for table in (pages.table, bytes_.table, uploads.table, servers.table):
            title, headings, rows = table(BASE)
            print_table(title, headings, rows)
    finally:
        shutil.rmtree(BASE, ignore_errors=True)


def print_table(title: str, headings: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    lines = [
        title,
        *(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in [headings, *rows]
        ),
    ]
    sys.stdout.write("\n".join(lines) + "\n\n")


main()
