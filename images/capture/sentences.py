"""What is said about images of servers and disks."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, Any] = {
    "disks-moved-on": _(
        "The server or a disk this image was to be made of has been deleted, detached or changed since. Create "
        "the image anew."
    ),
}
