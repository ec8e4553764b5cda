"""How buckets and objects may be called."""

import ipaddress
import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models.buckets import KEY_BYTES

LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
BUCKET_NAME = re.compile(rf"(?=.{{3,63}}\Z){LABEL}(?:\.{LABEL})*")


def bucket_name(value: str) -> None:
    """Raise ValidationError unless a bucket may be called that (the rules of OBS)."""
    if not BUCKET_NAME.fullmatch(value):
        raise ValidationError(
            _(
                "A name has 3 to 63 characters: lower-case letters, digits, hyphens and full stops. It begins and "
                "ends with a letter or digit, also before and after each full stop."
            ),
            code="bucket-name",
        )
    if _is_address(value):
        raise ValidationError(_("A name must not look like an IP address."), code="bucket-name")


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def object_key(value: str) -> None:
    """Raise ValidationError unless an object may be called that: folders and a name, with "/" between them."""
    if len(value.encode(errors="replace")) > KEY_BYTES:
        raise ValidationError(
            _("The name of an object has at most %(limit)s bytes, its folders included. Shorten it."),
            code="object-key",
            params={"limit": KEY_BYTES},
        )
    if not value.isprintable():
        raise ValidationError(
            _("The name of an object must not contain line breaks or other invisible characters."),
            code="object-key",
        )
    if any(part in ("", ".", "..") for part in value.split("/")):
        raise ValidationError(
            _("Folders and the name must not be empty, “.” or “..”, and “/” stands only between them."),
            code="object-key",
        )
