"""The job that builds a demo image from Debian's packages and puts it into a region's catalogue."""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.models import Image, ImageDisk
from imsconsole.cloud.engines import engine_for
from imsconsole.core.errors import Unavailable
from imsconsole.core.now import now
from imsconsole.demo.guest import CannotBuildError, built_guest
from imsconsole.engine.types import FileSource
from imsconsole.jobs.kinds import JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run


class BuildDemoImage(JobKind):
    """Args: `identity` (what the guest says it is), `boot_mode`, `disk_id`."""

    kind = "image.build"
    title = _("Build public image")
    steps = {"build": _("Building from Debian's packages"), "store": _("Storing")}

    def build(self, run: Run) -> dict[str, Any]:
        """One build serves all regions: it stays in the cache."""
        try:
            path = built_guest(cache_dir(), name=run.args["identity"], boot_mode=run.args["boot_mode"])
        except CannotBuildError as error:
            raise Unavailable("demo-image-not-built", detail=str(error)) from error
        return {"path": str(path)}

    def store(self, run: Run) -> dict[str, Any]:
        image = Image.objects.get(pk=run.job.subject_id)
        source = FileSource(Path(run.result("build")["path"]))
        disk = ImageDisk.objects.filter(image=image).first()
        if disk is None:
            with run.fenced():
                disk = ImageDisk.objects.create(image=image, role="system", source_format="raw")
        stored = engine_for(image.region_id).ingest(disk.pk, source, format="raw", work=run)
        with run.fenced():
            ImageDisk.objects.filter(pk=disk.pk).update(
                ref=stored.ref,
                format=stored.format,
                size_bytes=stored.size_bytes,
                virtual_size_bytes=stored.virtual_size_bytes,
                sha256=stored.sha256,
                source_size_bytes=source.size_bytes,
            )
        return {"ref": stored.ref}

    def undo_store(self, run: Run) -> None:
        for disk in ImageDisk.objects.filter(image=run.job.subject_id).exclude(ref=""):
            engine_for(disk.image.region_id).delete(disk.ref)
        with run.fenced():
            ImageDisk.objects.filter(image=run.job.subject_id).delete()

    def settle(self, job: Job, state: str) -> None:
        image = Image.objects.filter(pk=job.subject_id)
        if state == Job.State.DONE:
            image.update(status=Image.Status.ACTIVE, active_at=now(), updated_at=now())
        else:
            image.update(
                status=Image.Status.KILLED,
                error_code=job.error_code,
                error_values=job.error_values,
                updated_at=now(),
            )

    def resume(self, job: Job) -> None:
        Image.objects.filter(pk=job.subject_id).update(
            status=Image.Status.SAVING, error_code="", error_values={}
        )


def cache_dir() -> Path:
    """Where packages and built disks wait until every region has them."""
    path = Path(settings.DATA_DIR) / "cache"
    path.mkdir(exist_ok=True)
    return path


def forget_cache() -> None:
    """Remove what every region has by now."""
    shutil.rmtree(cache_dir(), ignore_errors=True)
