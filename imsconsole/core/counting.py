"""What processes count of themselves, for `/metrics`: how often, and how long.

The processes of a host share no memory, so each that serves keeps its counts in files of its own (the multi-process
mode of prometheus-client), in a folder of the data folder that is locked as long as it lives. Whoever is asked adds them
up; what a process counted is gone with it, as Prometheus expects. Others, as a command, count in their memory.

Rooms say what they count in their `metrics.py`. Nothing that is counted may fail for it: on a full disk it is not counted.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.samples import Sample
from prometheus_client.values import MultiProcessValue

from imsconsole.core.folders import left_behind, process_folder, remove_left

FOLDER = "metrics"  # in the data folder
# Of each process's files, taken of the disk before they are mapped into memory: a page of a mapped file for which a full
# disk has no room would end the process. What the labels of all pages need is less (`tests/watch/test_room.py`).
RESERVED_BYTES = {"counter": 512 * 1024, "histogram": 2 * 1024**2}
QUICK_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
LONG_S = (1, 10, 60, 300, 1800, 7200, 43200)

M = TypeVar("M", bound=MetricWrapperBase)
COUNTED = CollectorRegistry()
_metrics: list[MetricWrapperBase] = []


def counter(name: str, what: str, *labels: str) -> Counter:
    """How often something was. The values of each label must be few, and nothing that people type."""
    return _kept(Counter(name, what, labels, registry=COUNTED))


def histogram(name: str, what: str, *labels: str, buckets: tuple[float, ...] = QUICK_S) -> Histogram:
    """How long it took, in seconds."""
    return _kept(Histogram(name, what, labels, registry=COUNTED, buckets=buckets))


def _kept(metric: M) -> M:
    _metrics.append(metric)
    return metric


def count(metric: Counter, *labels: str, by: float = 1) -> None:
    """It was so once more."""
    with suppress(OSError):
        metric.labels(*labels).inc(by)


def measure(metric: Histogram, *labels: str, seconds: float) -> None:
    """It took so long."""
    with suppress(OSError):
        metric.labels(*labels).observe(seconds)


def keep_counts(process: str) -> None:
    """From now on this process, and what it forks, keeps what it counts where all of the host can see it.

    `process` is what it is called among those of its host (`web`, `quick-0`). On a full disk it keeps nothing.
    """
    with suppress(OSError):
        folders = Path(settings.DATA_DIR) / FOLDER
        folders.mkdir(mode=0o700, exist_ok=True)
        for left in left_behind(folders):
            remove_left(left)
        for metric in _metrics:
            metric.clear()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(process_folder(folders, f"{process}-"))
        values.ValueClass = MultiProcessValue(_Writer())


class _Writer:
    """Whose files are written to: those of the process that counts. One that was forked gets its own, with room for all."""

    def __init__(self) -> None:
        self.pid = 0

    def __call__(self) -> int:
        """Raises OSError: the disk is full."""
        if self.pid != (pid := os.getpid()):
            for kind, size_bytes in RESERVED_BYTES.items():
                _reserve(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / f"{kind}_{pid}.db", size_bytes)
            self.pid = pid
        return pid


def _reserve(path: Path, size_bytes: int) -> None:
    """A file of zeros that the disk has room for; whoever reads it finds it whole. Raises OSError."""
    part = path.with_suffix(".part")
    number = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(number, 0, size_bytes)
        part.rename(path)
    except OSError:
        part.unlink()
        raise
    finally:
        os.close(number)


def counted() -> Iterator[Metric]:
    """What the living processes of this host have counted; where none keeps its counts, what this one has."""
    families: dict[str, Metric] = {}
    for folder in _living():
        process = folder.name.rpartition("-")[0]
        with suppress(FileNotFoundError):  # it has just ended
            for found in MultiProcessCollector.merge(sorted(map(str, folder.glob("*.db")))):
                family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                family.samples += [
                    Sample(each.name, {**each.labels, "process": process}, each.value)
                    for each in found.samples
                ]
    yield from families.values() if families else COUNTED.collect()


def _living() -> list[Path]:
    folders = Path(settings.DATA_DIR) / FOLDER
    return sorted(set(folders.glob("*-*")) - set(left_behind(folders)))
