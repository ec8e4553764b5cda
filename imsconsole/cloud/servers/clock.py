"""What the clock asks of hosts and their servers."""

from datetime import timedelta

from imsconsole.cloud.hosts import ask_hosts
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.core.periodic import Periodic

PERIODIC = (
    Periodic("cloud.reconcile", timedelta(seconds=10), reconcile_all),
    Periodic("cloud.ask_hosts", timedelta(minutes=1), ask_hosts),
)
