"""May an ISO come into a server's tray, or leave it?"""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host, is_able
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.rules import has_machine, may_change
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def can_mount_iso(server: Server, actor: Actor, host: Host | None = None) -> Verdict:
    """Whoever writes, running or stopped, while nothing else is done to the server; its engine has trays. `host` spares asking for that."""
    return may_change(server, actor) and has_machine(server) and is_able("tray", host or actor.region)


def can_eject_iso(server: Server, actor: Actor) -> Verdict:
    """As long as there is one."""
    if not (verdict := may_change(server, actor) and has_machine(server)):
        return verdict
    return ALLOWED if server.iso_id else refuse("tray-empty", _("No ISO is mounted."))
