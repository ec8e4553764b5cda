"""A picture of a screen, read as VNC: of a guest in a cloud, and from servers that wish us ill."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from imsconsole.core.errors import Unavailable, Unsupported
from imsconsole.engine.openstack import CloudSettings, OpenStackEngine, rfb
from imsconsole.engine.openstack.checking import check
from imsconsole.engine.openstack.consoles import offered
from imsconsole.engine.openstack.marks import CONSOLE
from imsconsole.engine.openstack.nova import Nova
from imsconsole.engine.types import MIB, WebSocket
from tests.engine.guests import TestWork, server_spec, stored_image, wait_for

CONSOLES = ("open-screens", "open-serial-consoles")
Says = Callable[[ServerConnection], None]


@contextmanager
def vnc(says: Says) -> Iterator[WebSocket]:
    def handle(line: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            says(line)

    with serve(handle, "127.0.0.1", 0, subprotocols=["binary"], compression=None) as server:  # type: ignore[list-item]
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield WebSocket(f"ws://127.0.0.1:{server.socket.getsockname()[1]}/?token=t", "binary")
        server.shutdown()
        thread.join()


def greeted(line: ServerConnection, width: int = 2, height: int = 2, name: bytes = b"guest") -> None:
    """What every server says before its first picture."""
    line.send(b"RFB 003.008\n")
    assert line.recv() == b"RFB 003.008\n"
    line.send(b"\2\2\1")
    assert line.recv() == b"\1"
    line.send(struct.pack(">I", 0))
    assert line.recv() == b"\1"
    line.send(struct.pack(">HH16xI", width, height, len(name)) + name)
    for _ in range(3):  # pixels, encodings, the picture
        line.recv()


def rectangle(x: int, y: int, width: int, height: int, pixel: bytes, encoding: int = 0) -> bytes:
    return struct.pack(">HHHHi", x, y, width, height, encoding) + pixel * (width * height)


def update(*rectangles: bytes) -> bytes:
    return struct.pack(">BxH", 0, len(rectangles)) + b"".join(rectangles)


def test_a_picture_is_what_the_server_shows() -> None:
    """In pieces that end anywhere, with what does not belong to a picture in between."""

    def says(line: ServerConnection) -> None:
        greeted(line)
        left, right = rectangle(0, 0, 1, 2, b"\xff\0\0\0"), rectangle(1, 0, 1, 2, b"\0\0\xff\0")
        told = update(left) + b"\2" + struct.pack(">BxHH", 1, 0, 1) + bytes(6)
        told += struct.pack(">BxxxI", 3, 4) + b"clip" + update(right)
        for at in range(0, len(told), 7):
            line.send(told[at : at + 7])

    with vnc(says) as endpoint:
        image = Image.open(BytesIO(rfb.picture_of(endpoint)))
    assert (image.format, image.size) == ("PNG", (2, 2))
    assert [image.getpixel((x, 0)) for x in range(2)] == [(0, 0, 255), (255, 0, 0)]


def says_nothing(line: ServerConnection) -> None:
    line.recv()


def speaks_another(line: ServerConnection) -> None:
    line.send(b"RFB 003.003\n")


def wants_a_password(line: ServerConnection) -> None:
    line.send(b"RFB 003.008\n")
    line.recv()
    line.send(b"\1\2")


def is_too_large(line: ServerConnection) -> None:
    greeted(line, 65535, 65535)


def has_a_long_name(line: ServerConnection) -> None:
    greeted(line, name=bytes(2 * MIB))


def draws_beyond(line: ServerConnection) -> None:
    greeted(line)
    line.send(update(rectangle(1, 1, 2, 2, bytes(4))))


def draws_otherwise(line: ServerConnection) -> None:
    greeted(line)
    line.send(update(rectangle(0, 0, 2, 2, bytes(4), encoding=7)))


def rings_for_ever(line: ServerConnection) -> None:
    greeted(line)
    while True:
        line.send(b"\2" * 1000)


def draws_nothing_for_ever(line: ServerConnection) -> None:
    greeted(line)
    while True:
        line.send(update(*[rectangle(0, 0, 0, 0, b"")] * 100))


def goes_away(line: ServerConnection) -> None:
    greeted(line)


def sends_text(line: ServerConnection) -> None:
    line.send("RFB 003.008\n")
    line.recv()
    line.send("x" * 2000)


@pytest.mark.parametrize(
    "says",
    [
        says_nothing,
        speaks_another,
        wants_a_password,
        is_too_large,
        has_a_long_name,
        draws_beyond,
        draws_otherwise,
        rings_for_ever,
        draws_nothing_for_ever,
        goes_away,
        sends_text,
    ],
)
@pytest.mark.slow(reason="one second is waited for who says nothing")
def test_what_is_no_picture_is_refused_in_bounded_time_and_space(
    says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rfb, "LIMIT_S", 1.0)
    with vnc(says) as endpoint, pytest.raises(Unavailable) as refusal:
        rfb.picture_of(endpoint)
    assert refusal.value.code == "screen-unreadable"
    assert "token" not in str(refusal.value)


def test_where_nobody_listens_there_is_no_picture() -> None:
    with pytest.raises(Unavailable):
        rfb.picture_of(WebSocket("ws://127.0.0.1:9/?token=t", "binary"))


@pytest.mark.cloud
@pytest.mark.guest
@pytest.mark.slow(reason="a cloud is asked, and one waits for it")
def test_a_guest_shows_its_screen_and_tells_which_consoles_it_has(
    cloud: CloudSettings, cloud_engine: OpenStackEngine, place: Path
) -> None:
    """Without one nobody can tell."""
    assert {name: consoles_of(cloud)[name] for name in CONSOLES} == dict.fromkeys(
        CONSOLES, "no-machine-to-ask"
    )
    image = stored_image(cloud_engine, place, "HELLO")
    server = cloud_engine.create_server(server_spec(), image.ref, work=TestWork())
    server = cloud_engine.start(server, work=TestWork())
    wait_for(cloud_engine, server.ref, "HELLO")
    picture = Image.open(BytesIO(cloud_engine.screen(server.ref)))
    assert picture.width >= 640
    assert len(picture.getcolors(1 << 20) or ()) > 1  # the firmware has written there
    assert {name: consoles_of(cloud)[name] for name in CONSOLES} == dict.fromkeys(CONSOLES, "")
    nova = Nova(cloud_engine.cloud)
    (machine,) = (
        each for each in nova.machines(status="ACTIVE") if each["metadata"].get(CONSOLE) == cloud.console
    )
    with pytest.raises(Unsupported, match="no-screen"), offered("no-screen"):
        nova.console(machine["id"], "spice", "spice-html5")
    for lacking in ({"screen": False}, {"serial": False}):
        another = OpenStackEngine(replace(cloud, **lacking))
        with pytest.raises(Unsupported):
            (another.console_endpoint if "screen" in lacking else another.serial_endpoint)(server.ref)


def consoles_of(cloud: CloudSettings) -> dict[str, str]:
    """Why not, by what a look at the cloud calls it."""
    return {each["name"]: each.get("code", "") for each in check(cloud)["rights"]}
