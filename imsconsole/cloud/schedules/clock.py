"""Schedules are run by the clock."""

from datetime import timedelta

from imsconsole.cloud.schedules.running import run_schedules
from imsconsole.core.periodic import Periodic

PERIODIC = (Periodic("cloud.run_schedules", timedelta(seconds=15), run_schedules),)
