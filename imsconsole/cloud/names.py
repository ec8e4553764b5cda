"""Names of servers: what is allowed, numbered for many at once, and as a host name."""

import re

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

NAME_LENGTH = 64
server_name = RegexValidator(
    r"^[\w.-]{1,64}\Z",
    _("A name has 1 to 64 characters: letters, digits, underscores, hyphens and full stops."),
    code="server-name",
)


def numbered_names(name: str, count: int) -> list[str]:
    """One server keeps the name, more get `-1`, `-2` … behind it."""
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]


def host_name(name: str, fallback: str) -> str:
    """The name as a host name (RFC 1123): lower-case letters, digits, hyphens; else `fallback`."""
    plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    return plain[:63].rstrip("-") or fallback
