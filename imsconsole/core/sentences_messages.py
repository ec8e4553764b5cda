"""What messages say."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

MESSAGE_SENTENCES: Mapping[str, Any] = {
    "job-failed": _("“%(job)s” of %(name)s failed: %(why)s"),
    "image-arrived": _("The image %(name)s was copied from %(source)s to %(target)s."),
    "job-finished": _("“%(job)s” of %(name)s is done."),
    "image-deprecated": _(
        "The public image %(name)s, from which there are servers in %(project)s, is not kept up any more from "
        "%(on)s on. They go on running."
    ),
    "image-deprecated-successor": _(
        "The public image %(name)s, from which there are servers in %(project)s, is not kept up any more from "
        "%(on)s on. They go on running; its successor is %(successor)s."
    ),
    "image-bytes-damaged": _(
        "The stored bytes of the image %(name)s are no longer what they were: the image is frozen, and nobody can use "
        "it. The operator has been told; once the right file is back, verify the image again."
    ),
    "image-bytes-lost": _(
        "The file of the image %(name)s in the store is missing: the image is frozen, and nobody can use it. The "
        "operator has been told; once the file is back, verify the image again."
    ),
    "image-thawed": _("The stored bytes of the image %(name)s are right again: it can be used as before."),
    "backup-damaged": _(
        "The stored bytes of the backup %(name)s are no longer what they were: nothing can be restored from it. The "
        "operator has been told. As long as its server is there, make another backup."
    ),
    "backup-mended": _("The stored bytes of the backup %(name)s are right again: it can be used as before."),
    "server-damaged": _(
        "The system disk of %(name)s rests on bytes that are no longer what they were, so its system may read wrong "
        "data. Save what matters, then change or reinstall its OS."
    ),
    "server-silent": _(
        "The system of %(name)s was exchanged and has not written anything to its serial console within "
        "%(seconds)s seconds. Look at its screen; if it does not boot, undo the change."
    ),
    "kept-disk-expires": _(
        "The former system disk of %(name)s is kept until %(until)s. After that, the change of its OS can no longer be undone."
    ),
    "key-deletion-soon": _(
        "The encryption key %(name)s is deleted at %(at)s. What is encrypted with it can then no longer be read by "
        "anybody; until then its deletion can be cancelled."
    ),
}
