"""What is said about the demo."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, Any] = {
    "demo-image-not-built": _("The demo image could not be built from Debian's packages: %(detail)s."),
}
