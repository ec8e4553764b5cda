"""The ledger: one line for each server, price and hour (UTC), written once when the hour is over and known.

Lines and position are written in one transaction. Usage that was charged is final (`cloud.servers.usage`), so the ledger is
always what follows from usage and prices.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from imsconsole.cloud.models import SettledUsage, Usage
from imsconsole.core.contention import retried
from imsconsole.core.locks import locked_all
from market.billing.costs import HOUR, ProductRun, Stay, Tariff, lines_of
from market.billing.known import known_until
from market.billing.runs import runs_of
from market.models import Charge, Price

LINES_AT_ONCE = 500  # in one statement
MOST_HOURS = 48  # at once, or other periodic work would wait too long after a pause


def settle_usage() -> None:
    """Charge the hours that are over and known. Before the first price there is nothing to charge."""
    known = known_until()
    for _hour in range(MOST_HOURS):
        if known is None or not settle_next_hour(known):
            break


@retried
@transaction.atomic
def settle_next_hour(known: datetime) -> bool:
    """Charge the next hour, unless it is not known to its end."""
    settled = next(iter(locked_all(SettledUsage.objects.all())), None)
    if settled is None or settled.until + HOUR > known:
        return False
    Charge.objects.bulk_create(charges_of(settled.until), batch_size=LINES_AT_ONCE)
    settled.until += HOUR
    settled.save(update_fields=["until"])
    return True


def charges_of(hour: datetime) -> Iterator[Charge]:
    """The lines of an hour, in a fixed number of queries."""
    usages = usage_in(hour, hour + HOUR)
    runs = runs_of(usages, hour, hour + HOUR)
    tariff = Tariff.of(Price.objects.exclude(of=Price.Of.LISTING).filter(valid_from__lt=hour + HOUR))
    paid = _paid_once(usages, runs)
    for server_id, of_server in groupby(usages, key=lambda usage: usage.server_id):
        mine = list(of_server)
        stays = [_stay(usage, hour, runs.get(usage.pk)) for usage in mine]
        for line in lines_of(stays, tariff, paid[server_id]):
            yield Charge(
                project_id=mine[0].project_id,
                server_id=server_id,
                image_id=line.image_id,
                price=line.price,
                hour=hour,
                seconds=line.seconds,
                unit_seconds=line.unit_seconds,
                amount=line.amount(hour),
            )


def usage_in(begin: datetime, end: datetime) -> "QuerySet[Usage]":
    """The intervals that lie in a time at least in part, by server and time."""
    lasts = Q(ended_at=None) | Q(ended_at__gt=begin)
    found = Usage.objects.filter(lasts, started_at__lt=end).select_related("flavor")
    return found.order_by("server", "started_at", "pk")


def _stay(usage: Usage, hour: datetime, run: ProductRun | None) -> Stay:
    end = hour + HOUR
    return Stay(
        begin=max(usage.started_at, hour),
        end=min(usage.ended_at or end, end),
        is_running=usage.state == "running",
        image_id=usage.image_id,
        flavor_id=usage.flavor_id,
        vcpus=usage.flavor.vcpus,
        disk_gb=usage.disk_gb,
        run=run,
    )


def _paid_once(usages: "QuerySet[Usage]", runs: dict[int, ProductRun]) -> defaultdict[UUID, set[UUID]]:
    """The listings that each server has paid once for."""
    paid: defaultdict[UUID, set[UUID]] = defaultdict(set)
    if any(run.price and run.price.unit == Price.Unit.ONCE for run in runs.values()):
        servers = usages.order_by().values("server")
        rows = Charge.objects.filter(server__in=servers, price__unit=Price.Unit.ONCE)
        for server, listing in rows.values_list("server", "price__listing"):
            paid[server].add(listing)
    return paid
