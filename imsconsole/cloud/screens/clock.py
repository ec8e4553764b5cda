"""What the clock does about what servers showed."""

from datetime import timedelta

from imsconsole.cloud.screens.lookout import forget_glimpses
from imsconsole.core.periodic import Periodic

PERIODIC = (Periodic("cloud.forget_glimpses", timedelta(minutes=10), forget_glimpses),)
