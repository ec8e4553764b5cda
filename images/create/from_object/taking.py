"""An object's bytes become those of an upload: a link where they lie in the data folder, so nothing is copied.

The link keeps them until the image is made, whatever becomes of the object.
"""

import errno
import os
import shutil
from pathlib import Path

from images.create.from_object.services import take_object
from images.models import Upload
from images.uploads.archives import begin_disks
from images.uploads.found import check_fast, examine_file, with_hash
from images.uploads.services import complete_upload, refuse_upload
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.buckets.store import is_local, storage, stored_name
from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import ImsError, NotFound
from imsconsole.core.full_disk import raises_no_space


def take(
    bucket_object: BucketObject, *, actor: Actor, claimed_format: str = "", is_fast: bool = False
) -> Upload:
    """A complete upload with the bytes of an object; one that a job completes, where these lie elsewhere.

    Raises why not; then nothing of it is left.
    """
    upload = take_object(bucket_object, actor=actor, claimed_format=claimed_format, is_fast=is_fast)
    if not is_local():
        return upload
    try:
        link_bytes(bucket_object, upload.path)
        found = examine_file(
            upload.path,
            claimed=claimed_format,
            looks_inside=not is_fast,
        )
        check_fast(found, is_fast=is_fast)
        found = with_hash(found, bucket_object.sha256)
        begin_disks(upload, found)
        return complete_upload(upload, found, actor=actor)
    except ImsError as error:
        upload.path.unlink(missing_ok=True)
        refuse_upload(upload, error, actor=actor)
        raise


@raises_no_space()
def link_bytes(bucket_object: BucketObject, target: Path) -> None:
    """A link of the object's file, which nobody changes. Raises NotFound when the object is gone."""
    path = Path(storage().path(stored_name(bucket_object.pk)))
    try:
        path.chmod(0o444)  # readable for the guests' user, through links only
        os.link(path, target)
    except FileNotFoundError as error:
        raise NotFound("object-bytes-gone", name=bucket_object.key) from error
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EMLINK):  # another file system, too many links
            raise
        shutil.copyfile(path, target)
