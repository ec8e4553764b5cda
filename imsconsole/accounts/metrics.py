"""What is counted of signing in: never who, nor from where."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from imsconsole.accounts.models import SlowedSignIn
from imsconsole.core.counting import counter
from imsconsole.core.now import now

SIGN_INS = counter(
    "ims_sign_ins",
    "Passwords and codes that were tried, that were right, and that came too early after others; what was tried and "
    "was not right has failed",
    "kind",
    "result",
)


def asked() -> Iterator[Metric]:
    waiting = SlowedSignIn.objects.filter(until__gt=now()).count()
    yield GaugeMetricFamily(
        "ims_sign_ins_waiting",
        "Names and addresses that must wait before they are tried again",
        value=waiting,
    )
