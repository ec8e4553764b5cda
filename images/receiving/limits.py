"""How large files and disks may be."""

from django.conf import settings

from imsconsole.engine.types import GIB


def limit_virtual_bytes() -> int:
    """The largest disk any image may have (C4, C5)."""
    return int(max(settings.IMS_SYSTEM_DISK_GB[1], settings.IMS_DATA_DISK_GB[1]) * GIB)


def limit_file_bytes() -> int:
    """The largest file that may be imported (R59)."""
    return int(settings.IMS_IMPORT_MAX_GB * GIB)


def limit_fast_bytes() -> int:
    """The largest file that fast import takes (R59)."""
    return int(settings.IMS_FAST_IMPORT_MAX_GB * GIB)
