"""Which place is meant."""

import json
import tempfile
from pathlib import Path

from django.conf import settings

from imsconsole.console_backup.folder import FolderPlace
from imsconsole.console_backup.places import CONSOLE, BackupError, Place

S3 = "s3://"


def place_at(where: str) -> Place:
    """A folder by its path, or `s3://bucket/prefix` with the settings of `IMS_S3_…`. Raises BackupError."""
    if not where.startswith(S3):
        if not Path(where).is_absolute():
            raise BackupError("console-backup-relative", place=where)
        return FolderPlace(Path(where))
    bucket, _, prefix = where.removeprefix(S3).partition("/")
    try:
        from imsconsole.console_backup.s3 import BackupsInS3, S3Place  # noqa: PLC0415 - needs the extra [s3]
    except ImportError as error:
        raise BackupError("console-backup-s3", detail=str(error)) from error
    return S3Place(
        BackupsInS3(bucket_name=bucket, location=prefix.strip("/"), default_acl=None, **settings.IMS_S3)
    )


def claim_place(place: Place, console: str) -> None:
    """Refuse a place where another console's backups lie: each would remove the other's bytes. Raises BackupError."""
    try:
        with place.read(CONSOLE) as stream:
            owner = json.load(stream)["console"]
    except FileNotFoundError:
        place.clear()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"console": console}, file)
            file.flush()
            place.write(CONSOLE, Path(file.name))
        return
    except (OSError, ValueError, KeyError) as error:
        raise BackupError("console-backup-damaged", what=CONSOLE) from error
    if owner != console:
        raise BackupError("console-backup-of-another")
