"""Files that jobs work on."""

from pathlib import Path

from django.conf import settings


def work_dir() -> Path:
    """Where jobs keep their own links of what they read; names begin with the job's ID."""
    folder = Path(settings.DATA_DIR) / "work"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
