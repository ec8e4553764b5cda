"""The clock reads the counters of running servers, on each host those that run there, and forgets them when they are old."""

from collections import defaultdict
from collections.abc import Container
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from imsconsole.accounts.models import OPENSTACK
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.hosts import answering
from imsconsole.cloud.models import Reading, Server
from imsconsole.core.now import furthest, now
from imsconsole.engine.types import Use

STEP, LONG_STEP = timedelta(minutes=1), timedelta(minutes=10)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMIT_S = 8  # of a region
ON = (Server.Status.RUNNING, Server.Status.STOPPING, Server.Status.REBOOTING)


def measure_all() -> None:
    """One row for each server that runs on this host; the first in ten minutes is kept for a day.

    Each host asks for all servers: little of each, as only some of them are its own, and of clouds none.
    """
    minute = now().replace(second=0, microsecond=0)
    of_region: defaultdict[str, dict[str, tuple[UUID, int]]] = defaultdict(dict)
    servers = Server.objects.existing().filter(status__in=ON).exclude(ref="")
    local = servers.exclude(project__region__engine=OPENSTACK)
    for region, ref, pk, vcpus in local.order_by().values_list(
        "project__region", "ref", "pk", "flavor__vcpus"
    ):
        of_region[region][ref] = pk, vcpus
    kept = set(
        Reading.objects.filter(minute__gte=_slot(minute), is_kept=True).values_list("server", flat=True)
    )
    for region in answering(of_region):
        by_ref = of_region[region]
        uses = engine_for(region).uses(by_ref, limit_s=LIMIT_S)
        Reading.objects.bulk_create(
            (_reading(*by_ref[ref], use, minute, kept) for ref, use in uses.items()),
            ignore_conflicts=True,
        )


def _slot(minute: datetime) -> datetime:
    return minute - timedelta(minutes=minute.minute % (LONG_STEP // STEP))


def _reading(server: UUID, vcpus: int, use: Use, minute: datetime, kept: Container[UUID]) -> Reading:
    return Reading(server_id=server, minute=minute, is_kept=server not in kept, vcpus=vcpus, **vars(use))


def forget_readings() -> None:
    """What no plot shows any more, and what a clock that stood wrong has dated later than now."""
    old = Q(minute__lt=now() - HOUR - 2 * LONG_STEP, is_kept=False) | Q(
        minute__lt=now() - DAY - 2 * LONG_STEP
    )
    Reading.objects.filter(old | Q(minute__gt=furthest(STEP))).delete()
