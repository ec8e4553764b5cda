"""What is said about former system disks."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, Any] = {
    "kept-disk-expires": _(
        "The former system disk of %(name)s is kept until %(until)s. After that, the change of its OS can no longer be undone."
    ),
}
