"""A person's language and time zone."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone, translation

from imsconsole.accounts.models import User


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of a name; the service's own when there is no such zone, or none was chosen."""
    try:
        return zoneinfo.ZoneInfo(name or settings.IMS_TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.IMS_TIME_ZONE)


@contextmanager
def reading_as(user: User) -> Iterator[None]:
    """In the language and time zone of a person who is not there: for what is written to them."""
    with (
        translation.override(user.language or settings.LANGUAGE_CODE),
        timezone.override(zone_of(user.time_zone)),
    ):
        yield
