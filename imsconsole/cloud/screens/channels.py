"""What of a server one can be at."""

from enum import StrEnum


class Channel(StrEnum):
    """The value names the WebSocket subprotocol of its bytes."""

    SCREEN = "binary"  # VNC
    SERIAL = "serial"  # what the guest writes to its serial console and what is typed there, as they are
