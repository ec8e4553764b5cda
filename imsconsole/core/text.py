"""Sizes for people."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(size_bytes: int | None) -> str:
    """1536 → "1.5 KiB". None → a dash."""
    if size_bytes is None:
        return "–"
    amount, unit = float(size_bytes), 0
    while amount >= 1024 and unit < len(UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    decimals = 0 if unit == 0 or amount == int(amount) else 1
    return f"{number_format(round(amount, 1), decimals)} {UNITS[unit]}"


def duration(seconds: float | None) -> str:
    """75 → "1 min 15 s". None → a dash."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}
    return _("%(seconds)d s") % {"seconds": rest}
