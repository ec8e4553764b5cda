"""What servers cost the clock, and what they leave in the ledger: rows of thousands, which an engine is asked about that has none of them."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import CharField
from django.db.models.functions import Cast

from imsconsole.cloud.models import Flavor, Server, SettledUsage, Usage
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.cloud.use.measuring import measure_all
from imsconsole.core.now import now
from market.billing.costs import HOUR
from market.billing.ledger import settle_next_hour
from market.models import Charge, Price
from tests.bench.cost import busy_ms
from tests.bench.figures import Figure


def figures() -> list[Figure]:
    """For each thousand servers. Nothing of it stays."""
    with transaction.atomic():
        Server.objects.update(ref=Cast("pk", CharField()), status="stopped")
        thousands = Server.objects.count() / 1000
        looked = busy_ms(reconcile_all)
        Server.objects.update(status="running")
        measured = busy_ms(measure_all)
        charged, lines, each = _charged()
        transaction.set_rollback(True)
    how = f"for each thousand of {1000 * thousands:,.0f} servers"
    return [
        Figure("clock: cloud.reconcile, servers that are as they were", looked / thousands, "ms", how=f"{how}; every 10 s"),
        Figure("clock: cloud.measure, servers of other hosts", measured / thousands, "ms", how=f"{how}; every 60 s on each host"),
        Figure("clock: market.settle_usage, an hour", charged / thousands, "ms", how=f"{how}; {lines:,} lines"),
        Figure("a line of the ledger", each, "B", how="indexes included; one for each server, hour and price"),
    ]  # fmt: skip


def _charged() -> tuple[float, int, float]:
    """Milliseconds for an hour of all servers by a price of flavors and one of disks; how many lines, and bytes for each."""
    hour = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    rows = Server.objects.values_list("pk", "project", "image", "flavor")
    Usage.objects.bulk_create(
        Usage(
            server_id=pk, project_id=project, image_id=image, flavor_id=flavor, state="running", disk_gb=10, started_at=hour,
        )
        for pk, project, image, flavor in rows
    )  # fmt: skip
    known = {"amount": 1, "valid_from": hour, "created_at": hour}
    for flavor in Flavor.objects.all():
        Price.objects.create(of="flavor", flavor=flavor, unit="hour", **known)
    Price.objects.create(of="disk", unit="gb-month", **known)
    SettledUsage.objects.update_or_create(pk=1, defaults={"until": hour})
    before = _ledger_bytes()
    ms = busy_ms(lambda: settle_next_hour(hour + HOUR))
    lines = Charge.objects.count()
    return ms, lines, (_ledger_bytes() - before) / max(1, lines)


def _ledger_bytes() -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [Charge._meta.db_table])
        return int(cursor.fetchone()[0])
