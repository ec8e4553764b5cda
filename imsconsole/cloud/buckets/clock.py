"""What the clock does about objects that no longer arrive."""

from datetime import timedelta

from imsconsole.cloud.buckets.sweep import sweep_incoming, sweep_objects
from imsconsole.core.periodic import Periodic

PERIODIC = (
    Periodic("cloud.sweep_objects", timedelta(minutes=30), sweep_objects),
    Periodic("cloud.sweep_incoming", timedelta(minutes=30), sweep_incoming, on_each_host=True),
)
