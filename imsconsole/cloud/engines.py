"""The engine of a region."""

import functools

from django.conf import settings

from imsconsole.accounts.models import Region
from imsconsole.engine.api import Engine
from imsconsole.engine.local.engine import LocalEngine


def engine_for(region: Region | str) -> Engine:
    """The engine that holds the bytes and machines of a region (or of its code)."""
    return _local(region if isinstance(region, str) else region.code)


@functools.cache
def _local(code: str) -> LocalEngine:
    return LocalEngine(
        settings.DATA_DIR / "regions" / code,
        network=settings.IMS_GUEST_NETWORK,
        memory_mb=settings.IMS_GUEST_MEMORY_MB,
        guest_user=settings.IMS_GUEST_USER,
        accelerator=settings.IMS_ACCELERATOR,
    )
