"""The empty database with which a run begins. Migrating takes seven seconds, a copy none.

On SQLite it is kept for all runs, one for each state of migrations, models and libraries.
"""

import fcntl
import hashlib
import shutil
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases

BRANCHES = 8  # of that many it is kept
OURS = ("imsconsole.", "images", "market", "sharing")
MADE_OF = ("migrations/*.py", "models*.py", "models/*.py", "apps.py")


def begin_with_a_copy(cache: Path) -> None:
    """Have the connection use a migrated database of its own, made from the one in `cache`."""
    assert connection.vendor == "sqlite"
    with (cache / "test-database.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        template = cache / f"test-database-{_version()}.sqlite3"
        if template.exists():
            _use(shutil.copyfile(template, connection.settings_dict["TEST"]["NAME"]))
            return
        setup_databases(verbosity=0, interactive=False)
        kept = sorted(cache.glob("test-database-*.sqlite3"), key=lambda path: path.stat().st_mtime)
        for old in kept[:-BRANCHES]:
            old.unlink()
        unfinished = template.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(unfinished)])
        unfinished.rename(template)


def _use(path: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = path


def _version() -> str:
    rooms = [Path(app.path) for app in apps.get_app_configs() if app.name.startswith(OURS)]
    files = sorted(path for room in rooms for pattern in MADE_OF for path in room.glob(pattern))
    digest = hashlib.sha256()
    for path in (*files, Path(settings.BASE_DIR) / "requirements-dev.lock"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
