"""What the clock does about the use of servers."""

from datetime import timedelta

from imsconsole.cloud.use.measuring import forget_readings, measure_all
from imsconsole.core.periodic import Periodic

PERIODIC = (
    Periodic("cloud.measure", timedelta(minutes=1), measure_all, on_each_host=True),
    Periodic("cloud.forget_readings", timedelta(minutes=5), forget_readings),
)
