"""What the pages ask of the ledger: sums of a project by server, image or month, and the income of a seller."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, TruncDay, TruncMonth

from imsconsole.accounts.actor import Actor
from imsconsole.core.now import now
from market.billing.costs import seconds_of_month
from market.models import Charge, ListingVersion, Price

FIRST, LAST = (
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(9998, 12, 1, tzinfo=UTC),
)  # what databases and files know
NOTHING = Value(Decimal(0))
FEES = {"image_fee": Price.Of.LISTING, "flavor_fee": Price.Of.FLAVOR, "disk_fee": Price.Of.DISK}
Rows = QuerySet[Any]


@dataclass(frozen=True)
class Month:
    """A calendar month (UTC)."""

    begin: datetime

    @classmethod
    def of(cls, at: datetime) -> "Month":
        return cls(at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0))

    @classmethod
    def read(cls, typed: str) -> "Month":
        """`2026-11`; the present month when it cannot be read."""
        try:
            begin = datetime.strptime(typed, "%Y-%m").replace(tzinfo=UTC)
        except ValueError:
            return cls.of(now())
        return cls(min(max(begin, FIRST), LAST))

    @property
    def end(self) -> datetime:
        return self.begin + timedelta(seconds=seconds_of_month(self.begin))

    def __str__(self) -> str:
        return f"{self.begin:%Y-%m}"


def charges_of(actor: Actor, month: Month | None = None) -> "QuerySet[Charge]":
    """The lines of the actor's project."""
    lines = Charge.objects.filter(project=actor.project)
    return lines.filter(hour__gte=month.begin, hour__lt=month.end) if month else lines


def fees() -> dict[str, Any]:
    """Annotations: the sums of the three kinds of fees, and of all."""
    kinds = {name: Coalesce(Sum("amount", filter=Q(price__of=of)), NOTHING) for name, of in FEES.items()}
    return {**kinds, "total": Coalesce(Sum("amount"), NOTHING)}


def totals_of(lines: "QuerySet[Charge]") -> dict[str, Decimal]:
    return lines.aggregate(**fees())


def by_server(lines: "QuerySet[Charge]") -> Rows:
    return _by(lines, pk=F("server"), name=F("server__name"))


def by_image(lines: "QuerySet[Charge]") -> Rows:
    return _by(lines, pk=F("image"), name=F("image__name"))


def by_month(lines: "QuerySet[Charge]") -> Rows:
    return _by(lines, month=TruncMonth("hour", tzinfo=UTC))


def by_day(lines: "QuerySet[Charge]") -> Rows:
    return _by(lines, day=TruncDay("hour", tzinfo=UTC)).order_by("day")


def _by(lines: "QuerySet[Charge]", **keys: Any) -> Rows:
    return lines.order_by().values(**keys).annotate(**fees())


def months_of(actor: Actor) -> list[Month]:
    """The months in which something was charged, the latest first, and the present one."""
    begun = charges_of(actor).datetimes("hour", "month", order="DESC", tzinfo=UTC)
    present = Month.of(now())
    return [present, *(month for month in map(Month, begun) if month != present)]


def sold_by(actor: Actor) -> "QuerySet[Charge]":
    """What others (and itself) were charged for the project's listings."""
    return Charge.objects.filter(price__listing__project=actor.project)


def total_income(actor: Actor, month: Month | None = None) -> Decimal:
    lines = sold_by(actor)
    if month:
        lines = lines.filter(hour__gte=month.begin, hour__lt=month.end)
    return Decimal(lines.aggregate(total=Coalesce(Sum("amount"), NOTHING))["total"])


def income_of(actor: Actor) -> Rows:
    """What the project's listings earned, by month and listing, and of how many servers: never of whom."""
    title = ListingVersion.objects.filter(listing=OuterRef("price__listing")).order_by("-created_at")
    rows = sold_by(actor).order_by().values(listing=F("price__listing"), month=TruncMonth("hour", tzinfo=UTC))
    return rows.annotate(
        title=Subquery(title.values("title")[:1]), servers=Count("server", distinct=True), total=Sum("amount")
    )
