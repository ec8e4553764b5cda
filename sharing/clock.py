"""Periodic work of this room."""

from datetime import timedelta

from imsconsole.core.periodic import Periodic
from sharing.ending.clock import end_due_shares

PERIODIC = (Periodic("sharing.end", timedelta(minutes=1), end_due_shares),)
