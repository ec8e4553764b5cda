"""Open the screen of a server, or its serial console."""

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import User
from imsconsole.cloud.models import Server
from imsconsole.cloud.screens.channels import Channel
from imsconsole.cloud.screens.rules import can_operate
from imsconsole.cloud.screens.tokens import new_token
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked


@service("openScreen")
def open_screen(server: Server, *, session_key: str, origin: str, actor: Actor) -> tuple[Server, str]:
    """The server, and a token that opens its screen once from that session and origin. Raises Refused, NotFound."""
    return _opened(server, Channel.SCREEN, session_key, origin, actor)


@service("openSerialConsole")
def open_serial_console(server: Server, *, session_key: str, origin: str, actor: Actor) -> tuple[Server, str]:
    """The same of its serial console."""
    return _opened(server, Channel.SERIAL, session_key, origin, actor)


def _opened(
    server: Server, channel: Channel, session_key: str, origin: str, actor: Actor
) -> tuple[Server, str]:
    server = locked(Server.objects.for_change(actor), server.pk)
    can_operate(channel, server, actor).require()
    if not isinstance(actor.user, User):
        raise NotFound
    return server, new_token(server, actor.user, channel=channel, session_key=session_key, origin=origin)
