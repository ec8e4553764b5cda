"""What is told of regions, guests and stored bytes; and how often an engine's verbs raise."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.db.models import Count
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from imsconsole.accounts.models import Region
from imsconsole.cloud.models import RegionReport, Server, StoredBytes
from imsconsole.cloud.models.stored import SEEN
from imsconsole.core.counting import count, counter
from imsconsole.core.errors import ImsError
from imsconsole.core.kept import kept_for
from imsconsole.core.now import now
from imsconsole.engine.api import Engine

ENGINE_ERRORS = counter(
    "ims_engine_errors", "Errors that verbs of engines raised, expected or not, by code", "engine", "code"
)
VERBS = tuple(name for name in vars(Engine) if not name.startswith("_"))


def counted_engine(engine: Engine, name: str) -> Engine:
    """The engine, whose verbs count what they raise. `name` is what `settings.ENGINES` calls it."""
    engine.__class__ = _counting(type(engine), name)
    return engine


@cache
def _counting(kind: type[Engine], name: str) -> type[Engine]:
    """The same kind of engine, with another verb around each of its own."""
    verbs = {verb: _counted(kind, verb, name) for verb in VERBS if hasattr(kind, verb)}
    return type(kind.__name__, (kind,), verbs)


def _counted(kind: type[Engine], verb: str, name: str) -> Callable[..., Any]:
    def run(engine: Engine, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(kind, verb)(engine, *args, **kwargs)
        except Exception as error:
            count(ENGINE_ERRORS, name, error.code if isinstance(error, ImsError) else "unexpected")
            raise

    return run


def asked() -> Iterator[Metric]:
    yield from _regions()
    yield from _guests()
    yield from _bytes()


def _regions() -> Iterator[Metric]:
    """By their codes, which the operator gives, and of which there are few. What is not known of one has no line."""
    up = GaugeMetricFamily(
        "ims_region_up",
        "Whether its engine answered when it was asked last, within three minutes",
        labels=("region",),
    )
    silent = GaugeMetricFamily(
        "ims_region_silent_seconds", "How long ago its engine answered last", labels=("region",)
    )
    free = GaugeMetricFamily("ims_store_free_bytes", "What is free in its store", labels=("region",))
    total = GaugeMetricFamily("ims_store_size_bytes", "How large its store is", labels=("region",))
    fresh = set(RegionReport.objects.fresh().values_list("pk", flat=True))
    for code, answered_at, free_bytes, total_bytes in Region.objects.values_list(
        "code", "report__answered_at", "report__free_bytes", "report__total_bytes"
    ):
        up.add_metric((code,), int(code in fresh))
        if answered_at:
            silent.add_metric((code,), max(0, (now() - answered_at).total_seconds()))
        if free_bytes is not None and total_bytes is not None:
            free.add_metric((code,), free_bytes)
            total.add_metric((code,), total_bytes)
    yield from (up, silent, free, total)


def _guests() -> Iterator[Metric]:
    guests = GaugeMetricFamily("ims_guests", "Servers that there are, by state", labels=("state",))
    there = dict.fromkeys(Server.Status.values, 0) | _servers()
    for state in sorted(there.keys() - {Server.Status.DELETED}):
        guests.add_metric((state,), there[state])
    yield guests


@kept_for(60)
def _servers() -> dict[str, int]:
    """By state. The more servers there are, the longer it takes."""
    return dict(Server.objects.existing().order_by().values_list("status").annotate(n=Count("*")))


def _bytes() -> Iterator[Metric]:
    kept = StoredBytes.objects.kept()
    yield GaugeMetricFamily(
        "ims_stored_damaged",
        "Stored files that were found damaged or gone",
        value=kept.filter(damaged_at__isnull=False).count(),
    )
    oldest = (
        kept.exclude(checksum="").annotate(seen=SEEN).order_by("seen").values_list("seen", flat=True).first()
    )
    yield GaugeMetricFamily(
        "ims_verify_oldest_seconds",
        "How long ago that stored file was read and compared, or stored, of which it is longest ago",
        value=max(0, (now() - oldest).total_seconds()) if oldest else 0,
    )
