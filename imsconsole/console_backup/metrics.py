"""What is told of backups of the console."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from imsconsole.console_backup.last import last_backup


def asked() -> Iterator[Metric]:
    """Ages are missing as long as there was no backup."""
    last = last_backup()
    age = GaugeMetricFamily("ims_backup_age_seconds", "How old the last backup of the console is", labels=())
    if last.age is not None:
        age.add_metric((), last.age.total_seconds())
    yield age
    yield GaugeMetricFamily(
        "ims_backup_failed", "Whether the last backup of the console failed", value=int(bool(last.failed))
    )
    yield GaugeMetricFamily(
        "ims_backup_warnings", "What the last backup of the console could not have", value=len(last.warnings)
    )
    yield GaugeMetricFamily(
        "ims_backup_late",
        "Whether one is to be made every day and none is younger than 26 hours",
        value=int(last.is_late),
    )
