"""The long work of fetching a file from an address that a user named: neither he nor who is there is trusted."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from images.fetch.addresses import file_policy, list_policy, name_in, shown
from images.models.upload import kept_until
from images.public.checksums import ALGORITHMS, find_checksum
from images.receiving.limits import limit_virtual_bytes
from images.uploads.arriving import FillUpload, remove_files, rows_of, upload_of
from images.uploads.found import examine_file, to_json, with_hash
from images.uploads.rules import can_upload
from imsconsole.accounts.actor import service_actor
from imsconsole.core.downloads import download, probe, read_text, take_over
from imsconsole.core.errors import BadImage, ImsError, NotFound
from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.inspection import Inspector
from imsconsole.engine.types import MIB, Found
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.run import Run

NOTED_EVERY_S = 2.0


class FetchFile(FillUpload):
    """Args: `checksum` (hexadecimal) and `checksums` (an address), each of which may be empty. The address is the upload's."""

    kind = "upload.fetch"
    title = _("Fetch file")
    waits = _("It waits in line: %(most)s files are being fetched, and more are not fetched at once.")
    steps = {
        "look": _("Asking how large it is"),
        "fetch": _("Fetching the file"),
        "examine": _("Examining the file"),
        "complete": _("Completing the upload"),
        "tidy": _("Cleaning up"),
    }
    scrap = {"fetch": "complete"}

    @classmethod
    def most_at_once(cls) -> int:
        return int(settings.IMS_FETCHES_AT_ONCE)

    def look(self, run: Run) -> dict[str, Any]:
        """Quota and room are reserved before the first byte, so who does not say how many come is turned away."""
        with _said_plainly():
            size_bytes = probe(upload_of(run).url, file_policy())
            checksum = run.args["checksum"] or _listed_checksum(run)
        if not size_bytes:
            raise BadImage("url-size-unknown", url=upload_of(run).origin)
        with run.fenced():
            upload = upload_of(run)
            lock_project(upload.project)
            can_upload(service_actor(upload.project), size_bytes).require()
            rows_of(run).update(size_bytes=size_bytes, received_bytes=0, expires_at=kept_until())
        return {"size_bytes": size_bytes, "checksum": checksum}

    def undo_look(self, run: Run) -> None:
        """Asked again by a retry: what is there may be another file by then."""

    @raises_no_space()
    def fetch(self, run: Run) -> dict[str, Any]:
        """What earlier attempts have of it is gone on with, if it is still the same there."""
        path, earlier = work_dir() / run.token, _longest_part(run)
        if earlier:
            take_over(path, earlier)
        remove_files(run, path.name, f"{path.name}.version")
        size_bytes = run.result("look")["size_bytes"]
        with _said_plainly(size_bytes):
            download(
                upload_of(run).url, path, policy=file_policy(size_bytes), report=_noting(run, size_bytes)
            )
        with path.open("rb") as file:
            os.fsync(file.fileno())
        return {"file": path.name}

    def undo_fetch(self, run: Run) -> None:
        remove_files(run)

    @raises_no_space()
    def examine(self, run: Run) -> dict[str, Any]:
        """As an uploaded file: inspected byte by byte, then as a whole. Its checksum is compared on the way."""
        upload, name = upload_of(run), run.result("fetch")["file"]
        found = _inspected(work_dir() / name, upload.claimed_format, run)
        seen = examine_file(work_dir() / name, claimed=found.format)
        return {"file": name, "found": to_json(with_hash(seen, found.sha256))}

    def arrived(self, run: Run) -> dict[str, Any]:
        return run.result("examine")

    def sweep(self, run: Run) -> None:
        """Of a file that is not whole, the next attempt takes what is there."""
        if file := run.result("fetch").get("file"):
            remove_files(run, file)


def _listed_checksum(run: Run) -> str:
    url = run.args["checksums"]
    return (
        find_checksum(read_text(url, list_policy()), name_in(upload_of(run).url), shown(url)) if url else ""
    )


@contextmanager
def _said_plainly(told_bytes: int = 0) -> Iterator[None]:
    """What is told of a failure is read by the project: no address with a signature is in it."""
    try:
        yield
    except ImsError as error:
        if error.code == "download-too-large" and told_bytes:
            raise BadImage("url-longer", told_bytes=told_bytes) from error
        if "url" in error.values:
            error.values["url"] = shown(str(error.values["url"]))
        raise


def _noting(run: Run, total: int) -> Callable[[int, int], None]:
    """Tells the job and, now and then, the row how far it is. Raises NotFound when the upload was discarded."""
    noted_at = time.monotonic()

    def report(done: int, _total: int) -> None:
        nonlocal noted_at
        run.report(done, total)
        if time.monotonic() - noted_at >= NOTED_EVERY_S:
            noted_at = time.monotonic()
            if not rows_of(run).update(received_bytes=done, expires_at=kept_until()):
                raise NotFound("upload-gone", name=run.job.subject_name)

    return report


def _inspected(path: Path, claimed: str, run: Run) -> Found:
    """Raises BadImage, also when its checksum is another one."""
    wanted, total, done = run.result("look")["checksum"], path.stat().st_size, 0
    inspector, digest = Inspector(limit_virtual_bytes()), hashlib.new(ALGORITHMS.get(len(wanted), "sha256"))
    with path.open("rb") as file:
        while piece := file.read(MIB):
            inspector.feed(piece)
            digest.update(piece)
            done += len(piece)
            run.report(done, total)
    if wanted and digest.hexdigest() != wanted:
        raise BadImage("url-checksum-differs", wanted=wanted, found=digest.hexdigest())
    return inspector.finish(claimed)


def _longest_part(run: Run) -> Path | None:
    """What an earlier attempt has of the file."""
    parts = [path for path in work_dir().glob(f"{run.prefix}*") if path.name.endswith("-fetch")]
    return max(parts, key=lambda path: path.stat().st_size, default=None)
