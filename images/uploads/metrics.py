"""What is told of uploads: there are few, as what nobody uses is removed."""

from collections.abc import Iterator

from django.db.models import Count, Sum
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from images.models import Upload


def asked() -> Iterator[Metric]:
    files = GaugeMetricFamily(
        "ims_uploads", "Files that come, or wait to become images, by state", labels=("state",)
    )
    size = GaugeMetricFamily("ims_uploads_bytes", "What of them is there", labels=("state",))
    rows = Upload.objects.order_by().values_list("state").annotate(n=Count("pk"), came=Sum("received_bytes"))
    there = {state: (n, came) for state, n, came in rows}
    for state in Upload.State.values:
        n, came = there.get(state, (0, 0))
        files.add_metric((state,), n)
        size.add_metric((state,), came or 0)
    yield from (files, size)
