"""All numbers, in the text format of Prometheus.

Of the whole console, what every room asks of the database (`asked` of its `metrics.py`): the same wherever it is asked, each
in so many queries however much there is. Of this host, what its processes have counted, and what its disks have left.
"""

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from shutil import disk_usage

from django.conf import settings
from django.db import Error, connection
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric

from imsconsole.core.counting import counted
from imsconsole.core.rooms import drawers

FOLDERS = {"data": "DATA_DIR", "uploads": "UPLOAD_DIR", "database": "DATABASE_DIR"}


class Told:
    """What prometheus-client collects for one answer."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.metrics = list(metrics)

    def collect(self) -> list[Metric]:
        return self.metrics


def text_of(metrics: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Told(metrics))
    return generate_latest(registry)


def of_console() -> Iterator[Metric]:
    """Nothing but that it does not answer, when the database does not."""
    try:
        found = [metric for module in drawers("metrics") for metric in getattr(module, "asked", list)()]
    except Error:
        found = []
    yield GaugeMetricFamily("ims_database_up", "Whether the database answered", value=int(bool(found)))
    yield from found


def of_host() -> Iterator[Metric]:
    yield InfoMetricFamily("ims_build", "What runs here", value=versions())
    free = GaugeMetricFamily(
        "ims_folder_free_bytes", "What is free where this host's folders are", labels=("folder",)
    )
    size = GaugeMetricFamily("ims_folder_size_bytes", "How large those file systems are", labels=("folder",))
    for name, setting in FOLDERS.items():
        space = disk_usage(getattr(settings, setting))
        free.add_metric((name,), space.free)
        size.add_metric((name,), space.total)
    yield from (free, size)
    yield from counted()


def versions() -> dict[str, str]:
    return {
        "version": version("ims-console"),
        "python": platform.python_version(),
        "database": connection.vendor,
    }
