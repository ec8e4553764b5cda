"""What becomes of uploads that nobody turned into an image, and of files that belong to nothing."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from images.models import Upload
from images.uploads.rules import is_idle
from imsconsole.core.now import now
from imsconsole.jobs.models import Job


def work_dir() -> Path:
    """Where jobs keep their own links of what they read; names begin with the job's ID."""
    folder = Path(settings.DATA_DIR) / "work"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def expire_uploads() -> None:
    """Remove uploads on which nothing has happened for IMS_UPLOAD_KEPT_HOURS."""
    for upload in Upload.objects.filter(expires_at__lt=now()):
        if is_idle(upload):
            upload.path.unlink(missing_ok=True)
            upload.delete()


def remove_orphans() -> None:
    """Remove files that no upload and no live job owns. Rows come before their files, so none is in use."""
    for path in [*orphaned_uploads(), *orphaned_work()]:
        path.unlink(missing_ok=True)


def orphaned_uploads() -> Iterator[Path]:
    for path in Path(settings.UPLOAD_DIR).glob("*"):
        if not _row_exists(path.stem):
            yield path


def _row_exists(name: str) -> bool:
    try:
        return Upload.objects.exclude(state=Upload.State.REFUSED).filter(pk=UUID(name)).exists()
    except ValueError:
        return False


def orphaned_work() -> Iterator[Path]:
    for path in work_dir().glob("*"):
        if not any(path.name.startswith(job.hex) for job in Job.objects.live().values_list("pk", flat=True)):
            yield path
