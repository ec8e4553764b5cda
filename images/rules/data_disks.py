"""Data disks that are imported along with a system disk (ims-facts §1.7, §2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from images.models import Image, Upload
from imsconsole.core.rules import ALLOWED, Verdict, refuse

MOST_DATA_DISKS = 3


@dataclass(frozen=True)
class DataDisk:
    """One of them: its own file becomes an image of its own."""

    upload: Upload
    name: str
    min_disk_gb: int


def data_disks_fit(image_type: str, upload: Upload, data_disks: Sequence[DataDisk]) -> Verdict:
    """At most three, along with a system disk, each with a file and a name of its own."""
    if not data_disks:
        return ALLOWED
    if image_type != Image.Type.SYSTEM or len(data_disks) > MOST_DATA_DISKS:
        return refuse(
            "too-many-data-disks",
            _("Only along with a system disk image, and at most %(most)s data disks can be imported at once.")
            % {"most": MOST_DATA_DISKS},
        )
    files = {upload.pk, *(each.upload.pk for each in data_disks)}
    if len(files) <= len(data_disks):
        return refuse(
            "data-disk-file-twice", _("Every disk needs a file of its own; the same one is chosen twice.")
        )
    return ALLOWED
