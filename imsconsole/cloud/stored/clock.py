"""What the clock does about stored bytes: those that a job was the last to use go when it has ended."""

import logging
from datetime import timedelta

from django.db.models import QuerySet

from imsconsole.cloud.models import BytesUse, RegionReport, StoredBytes
from imsconsole.cloud.stored.removal import remove_unused
from imsconsole.core.errors import ImsError
from imsconsole.core.now import furthest, now
from imsconsole.core.periodic import Periodic
from imsconsole.core.schema import is_upgraded_lately

logger = logging.getLogger(__name__)


RECENTLY = timedelta(hours=2)


def remove_left_bytes() -> None:
    """Of all that is stored, which may be very much, only what jobs have left that ended lately, and what is nobody's already."""
    left = BytesUse.objects.filter(job__finished_at__gt=now() - RECENTLY).values_list("stored", flat=True)
    doomed = StoredBytes.objects.filter(doomed_at__lte=furthest(timedelta(0))).order_by("doomed_at")
    found = {*left, *doomed.values_list("pk", flat=True)}
    _remove(StoredBytes.objects.filter(pk__in=found).unused().order_by("pk"))


def remove_unused_bytes() -> None:
    """Whatever nobody has; not as long as the version before an upgrade may be put back, whose rows may still speak of it."""
    if not is_upgraded_lately():
        _remove(StoredBytes.objects.unused())


def _remove(unused: "QuerySet[StoredBytes]") -> None:
    """What an engine does not delete now, the next run does. Regions that do not answer are not asked."""
    for stored in unused.exclude(region__in=RegionReport.objects.silent().values("pk")):
        try:
            remove_unused(stored)
        except ImsError as error:
            logger.info("Stored bytes %s are not removed yet, and are tried again: %s", stored.ref, error)


PERIODIC = (
    Periodic("cloud.remove_left_bytes", timedelta(minutes=1), remove_left_bytes),
    Periodic("cloud.remove_unused_bytes", timedelta(hours=1), remove_unused_bytes),
)
