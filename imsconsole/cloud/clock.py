"""Periodic work of this room."""

from datetime import timedelta

from imsconsole.cloud.buckets.sweep import sweep_objects
from imsconsole.cloud.hosts import ask_hosts
from imsconsole.cloud.keys.deletions import delete_due_keys, warn_of_key_deletions
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.cloud.system_disk.clock import delete_expired_disks, warn_of_expiring_disks
from imsconsole.core.periodic import Periodic

PERIODIC = (
    Periodic("cloud.reconcile", timedelta(seconds=10), reconcile_all),
    Periodic("cloud.warn_of_expiring_disks", timedelta(hours=1), warn_of_expiring_disks),
    Periodic("cloud.delete_expired_disks", timedelta(minutes=10), delete_expired_disks),
    Periodic("cloud.sweep_objects", timedelta(minutes=30), sweep_objects),
    Periodic("cloud.warn_of_key_deletions", timedelta(hours=1), warn_of_key_deletions),
    Periodic("cloud.delete_due_keys", timedelta(minutes=10), delete_due_keys),
    Periodic("cloud.ask_hosts", timedelta(minutes=1), ask_hosts),
)
