"""The long work of taking an object whose bytes lie elsewhere."""

import os
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from images.models.upload import kept_until
from images.receiving.limits import limit_virtual_bytes
from images.uploads.arriving import FillUpload, remove_files, rows_of, upload_of
from images.uploads.found import check_fast, examine_file, to_json, with_hash
from imsconsole.cloud.buckets.store import stream_object
from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import BadImage, NotFound
from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.inspection import Inspector
from imsconsole.engine.types import MIB
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.run import Run


class TakeObject(FillUpload):
    """Args: `object` (a UUID) and `size_bytes`."""

    kind = "upload.take"
    title = _("Fetch object")
    steps = {
        "fetch": _("Fetching the file"),
        "complete": _("Completing the upload"),
        "tidy": _("Cleaning up"),
    }
    scrap = {"fetch": "complete"}

    def arrived(self, run: Run) -> dict[str, Any]:
        return run.result("fetch")

    @raises_no_space()
    def fetch(self, run: Run) -> dict[str, Any]:
        """All bytes, inspected while they arrive and again when they are here."""
        upload, path = upload_of(run), work_dir() / run.token
        rows_of(run).update(expires_at=kept_until())
        path.unlink(missing_ok=True)
        inspector, total = Inspector(limit_virtual_bytes()), run.args["size_bytes"]
        with stream_object(_object(run)) as stream, path.open("xb") as out:
            while piece := stream.read(MIB):
                inspector.feed(piece)
                out.write(piece)
                run.report(inspector.size_bytes, total)
            out.flush()
            os.fsync(out.fileno())
        found = inspector.finish(upload.claimed_format)
        if found.sha256 != upload.claimed_sha256:
            raise BadImage("checksum-differs", wanted=upload.claimed_sha256, found=found.sha256)
        check_fast(found, is_fast=upload.is_fast)
        seen = examine_file(
            path,
            claimed=found.format,
            looks_inside=not upload.is_fast,
        )
        return {"file": path.name, "found": to_json(with_hash(seen, found.sha256))}

    def undo_fetch(self, run: Run) -> None:
        remove_files(run)

    def sweep(self, run: Run) -> None:
        remove_files(run, run.result("fetch").get("file", ""))


def _object(run: Run) -> BucketObject:
    found = BucketObject.objects.stored().filter(pk=UUID(run.args["object"])).first()
    if found is None:
        raise NotFound("object-bytes-gone", name=run.job.subject_name)
    return found
