"""What is said about exports."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, Any] = {
    "image-damaged": _(
        "The file of the image “%(name)s” is no longer what was once stored, so it was not handed out. Please tell "
        "the operator."
    ),
}
