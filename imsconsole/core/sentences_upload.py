"""Sentences for uploads and imports that went wrong."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

UPLOAD_SENTENCES: Mapping[str, Any] = {
    "no-file": _("No file was sent. Choose a file and send the form again."),
    "fast-needs-raw": _(
        "Fast import takes RAW disks only, and this is a %(format)s file. Import it without fast import; it is "
        "inspected and converted either way."
    ),
    "upload-broken": _(
        "The connection ended before the whole file “%(name)s” had arrived. Nothing of it was kept; "
        "please upload it again."
    ),
    "upload-longer": _(
        "More bytes of “%(name)s” arrived than the browser had announced. Nothing of it was kept; "
        "please upload it again."
    ),
    "upload-gone": _(
        "The uploaded file “%(name)s” is no longer there: it expired or was discarded. Please upload it again."
    ),
    "upload-busy": _(
        "“%(name)s” is being uploaded elsewhere right now, maybe in another tab. Wait until that has ended, "
        "or end it there; then go on here."
    ),
    "upload-ended": _("“%(name)s” takes no more bytes: its upload has ended. Reload the page to see how."),
    "upload-offset": _(
        "“%(name)s” goes on at byte %(offset)s, not at %(given)s. Ask again how far it is, and go on there."
    ),
    "upload-header": _("The header %(header)s is missing or cannot be read."),
    "upload-version": _("This service speaks version %(version)s of the tus protocol."),
    "upload-chunk-differs": _(
        "A piece of “%(name)s” arrived damaged and was dropped. Send it again from byte %(offset)s."
    ),
    "checksum-differs": _(
        "The SHA-256 of the file that arrived is %(found)s, not the one you gave (%(wanted)s). "
        "Nothing of it was kept; check the file and the checksum and upload it again."
    ),
    "image-gone": _("The image was deleted while the file was being imported."),
    "disk-smaller-than-image": _(
        "The disk in the file has %(needed_gb)s GB, more than the %(given_gb)s GB that were given. "
        "Import it again with at least %(needed_gb)s GB."
    ),
    "no-agency": _(
        "The project %(target)s does not let %(source)s place images there. One of its administrators has to create "
        "an agency for it first, on the page of that project."
    ),
    "copy-gone": _("The image was deleted while it was being made."),
    "copied-image-gone": _(
        "The image %(name)s, of which a copy was to be made, was deleted before its bytes were taken over. "
        "Copy another image."
    ),
    "store-quota-reached": _(
        "The new image takes more room than the project's quota for image storage has left. "
        "Delete images that are no longer needed, or ask the operator for more, and retry."
    ),
}
