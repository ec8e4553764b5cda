"""What messages say."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

MESSAGE_SENTENCES: Mapping[str, Any] = {
    "job-failed": _("“%(job)s” of %(name)s failed: %(why)s"),
    "job-finished": _("“%(job)s” of %(name)s is done."),
    "kept-disk-expires": _(
        "The former system disk of %(name)s is kept until %(until)s. After that, the change of its OS can no longer be undone."
    ),
}
