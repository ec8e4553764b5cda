"""Periodic work of this room."""

from datetime import timedelta

from imsconsole.console_backup.begin import begin_due_backup
from imsconsole.core.periodic import Periodic

PERIODIC = (Periodic("console_backup.begin_due", timedelta(minutes=5), begin_due_backup),)
