"""The job that builds a demo image from Debian's packages and puts it into a region's catalogue."""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.create.jobs import MakeImage, put_disk
from images.public.programs import CannotBuildError
from imsconsole.core.errors import Unavailable
from imsconsole.demo.guest import built_guest
from imsconsole.engine.types import FileSource
from imsconsole.jobs.run import Run


class BuildDemoImage(MakeImage):
    """Args: `identity` (what the guest says it is), `boot_mode`, `disk` (a UUID) and `format`."""

    kind = "image.build"
    title = _("Build public image")
    steps = {
        "build": _("Building from Debian's packages"),
        "store": _("Writing it to the store"),
        "register": _("Registering the disk"),
    }

    def build(self, run: Run) -> None:
        """One build serves all regions: it stays in the cache."""
        _built(run)

    def source(self, run: Run) -> FileSource:
        return FileSource(_built(run))

    def register(self, run: Run) -> dict[str, Any]:
        with run.fenced():
            put_disk(run)
        return {}


def _built(run: Run) -> Path:
    try:
        return built_guest(cache_dir(), name=run.args["identity"], boot_mode=run.args["boot_mode"])
    except CannotBuildError as error:
        raise Unavailable("demo-image-not-built", detail=str(error)) from error


def cache_dir() -> Path:
    """Where packages and built disks wait until every region has them."""
    path = Path(settings.DATA_DIR) / "cache"
    path.mkdir(exist_ok=True)
    return path


def forget_cache() -> None:
    """Remove what every region has by now."""
    shutil.rmtree(cache_dir(), ignore_errors=True)
