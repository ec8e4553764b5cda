"""Who may work at the screen of a server. Its picture is for all who see it (`cloud.servers.rules.can_open_screen`)."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.models import Server
from imsconsole.cloud.screens.channels import Channel
from imsconsole.cloud.servers.rules import can_open_screen, can_open_serial
from imsconsole.core.rules import Verdict


def can_operate_screen(server: Server, actor: Actor) -> Verdict:
    """Keyboard and mouse change a server: who only reads keeps to the picture, which renews itself."""
    return may_write(actor) and can_open_screen(server, actor)


def can_operate_serial(server: Server, actor: Actor) -> Verdict:
    """As `can_operate_screen`: who only reads keeps to the log."""
    return may_write(actor) and can_open_serial(server, actor)


def can_operate(channel: Channel, server: Server, actor: Actor) -> Verdict:
    return (
        can_operate_serial(server, actor) if channel is Channel.SERIAL else can_operate_screen(server, actor)
    )
