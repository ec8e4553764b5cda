"""What messages say."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

MESSAGE_SENTENCES: Mapping[str, Any] = {
    "job-failed": _("“%(job)s” of %(name)s failed: %(why)s"),
    "job-finished": _("“%(job)s” of %(name)s is done."),
    "image-deprecated": _(
        "The public image %(name)s, from which there are servers in %(project)s, is not kept up any more from "
        "%(on)s on. They go on running."
    ),
    "image-deprecated-successor": _(
        "The public image %(name)s, from which there are servers in %(project)s, is not kept up any more from "
        "%(on)s on. They go on running; its successor is %(successor)s."
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
