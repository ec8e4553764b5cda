"""What somebody was told is done is done after a power cut."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from imsconsole.core.checks import check_durability
from tests.support.workers import worker_environment

SHOW = """
from django.db import connection
names = ("PRAGMA journal_mode", "PRAGMA synchronous")
with connection.cursor() as cursor:
    print(*(cursor.execute(name).fetchone()[0] for name in names))
"""


@pytest.mark.slow(reason="starts a shell of the console")
@pytest.mark.django_db(transaction=True)
def test_a_commit_is_on_the_disk_before_it_is_acknowledged():
    """In a process of the console's: those of tests are spared it."""
    if connection.vendor == "sqlite":
        shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", SHOW]
        shown = subprocess.run(
            shell, cwd=settings.BASE_DIR, env=worker_environment(), capture_output=True, text=True, check=True
        )
        assert shown.stdout.split() == ["wal", "2"]
        assert check_durability(databases=["default"]) == []
        return
    for value, warned in (("off", True), ("on", False)):
        with connection.cursor() as cursor:
            cursor.execute(f"SET synchronous_commit = {value}")
        said = " ".join(each.msg for each in check_durability(databases=["default"]))
        assert ("synchronous_commit=off" in said) is warned
