"""Where pages about servers stand, in whichever room they are."""

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy

PLACE: dict[str, Any] = {
    "active": "servers",
    "crumbs": [(reverse_lazy("servers:list"), gettext_lazy("Servers"))],
    "cancel_url": reverse_lazy("servers:list"),
}
