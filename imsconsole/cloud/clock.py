"""Periodic work of this room."""

from datetime import timedelta

from imsconsole.cloud.reconcile import reconcile_all
from imsconsole.jobs.periodic import Periodic

PERIODIC = (Periodic("cloud.reconcile", timedelta(seconds=10), reconcile_all),)
