"""What a guest reaches, as it says itself: tried by root of the guest, with addresses of every kind."""

import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings

from imsconsole.core.errors import Unavailable
from imsconsole.demo.guest import built_guest
from imsconsole.engine.local import wall
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import FileSource, Seed, ServerSpec
from tests.conftest import CACHE
from tests.engine.guests import TestWork, server_spec, state_of, wait_for
from tests.support.file_server import Server, serving
from tests.support.ssh import new_key, said

pytestmark = [
    pytest.mark.guest,
    pytest.mark.slow(reason="a whole guest boots without KVM"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root has networks and rules"),
]

NEW_NETWORK = 0x40000000  # CLONE_NEWNET
LAN, CLOUD, OWN = "10.99.0.1", "169.254.169.254", "198.51.100.1"  # of the host; all lead to its server
FAR = "198.51.100.7"  # of another host
GATEWAY, GATEWAY_6 = "192.168.7.1", "fec0::2"  # which lead to the host's loopback addresses


LIBC = ctypes.CDLL(None, use_errno=True)


def here() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def enter(network: int) -> None:
    assert LIBC.setns(network, NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())


def enter_new() -> int:
    """This thread, and what it starts, is alone in the world."""
    assert LIBC.unshare(NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
    return here()


def run(*commands: str) -> None:
    for command in commands:
        subprocess.run(command.split(), check=True)


@contextmanager
def two_hosts() -> Iterator[tuple[Server, Server]]:
    """A server on all addresses of this host, and one on the only other host of the world."""
    before, far, near = here(), enter_new(), enter_new()
    try:
        run("ip link set lo up", f"ip address add {LAN}/32 dev lo", f"ip address add {CLOUD}/32 dev lo")
        run(f"ip link add out type veth peer name in netns /proc/{os.getpid()}/fd/{far}")
        run(f"ip address add {OWN}/24 dev out", "ip link set out up")
        enter(far)
        run(f"ip address add {FAR}/24 dev in", "ip link set in up")
        with serving() as other:
            enter(near)
            with serving(address="::") as own:
                yield own, other
    finally:
        enter(before)
        for network in (before, far, near):
            os.close(network)


Asking = Callable[[str], str]
Starting = Callable[..., Asking]


def asking(engine: LocalEngine, guest: ServerSpec, folder: Path) -> Asking:
    """By a line that ends well whatever does not."""
    line = f"ssh -p {state_of(engine, guest.ref).ssh.port} root@127.0.0.1"
    return lambda words: said(line, f"{words} 2>&1; echo .", folder).removesuffix(".\n")


@pytest.fixture
def starting(place: Path, tmp_path: Path) -> Iterator[Starting]:
    engines: list[LocalEngine] = []

    def start(reached: Sequence[IPv4Network] = ()) -> Asking:
        engine = LocalEngine(
            place / "region",
            memory_mb=512,
            network="internet",
            reached=reached,
            accelerator=settings.IMS_ACCELERATOR,
        )
        engines.append(engine)
        disk = built_guest(CACHE, name="Engine test bios", boot_mode="bios")
        image = engine.ingest(uuid4(), FileSource(disk), format="raw", work=TestWork())
        spec = replace(server_spec(memory_mb=256), seed=Seed("i-1", "guest-1", (new_key(tmp_path),)))
        guest = engine.create_server(spec, image.ref, work=TestWork())
        engine.start(guest, work=TestWork())
        wait_for(engine, guest.ref, "IMS-GUEST ready")
        return asking(engine, guest, tmp_path)

    yield start
    for engine in engines:
        for ref in engine.inventory().servers:
            engine.delete_server(ref, work=TestWork())


def reached(ask: Asking, *places: tuple[str, Server]) -> set[str]:
    """At which of these addresses a guest gets what the server has there."""
    request = "printf 'GET /secret HTTP/1.0\\r\\n\\r\\n'"
    tries = (
        f"(({request}; sleep 1) | nc -w 5 {address} {server.port} | grep -q secret && echo {address}) &"
        for address, server in places
    )
    return set(ask(f"{' '.join(tries)} wait").split()) & {address for address, _ in places}


# root of a guest sends to the host's own loopback address, too
BY_LOOPBACK = (
    "ip address del 127.0.0.1/8 dev lo; ip route flush table local 127.0.0.0/8; "
    f"ip route add 127.0.0.0/8 via {GATEWAY}; echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet"
)
NEAR = (GATEWAY, GATEWAY_6, "127.0.0.1", LAN, CLOUD, OWN)


def everywhere(ask: Asking, own: Server, other: Server) -> set[str]:
    """Where a guest gets to, of all that there is."""
    ask(BY_LOOPBACK)
    return reached(ask, *((address, own) for address in NEAR), (FAR, other))


# that one without a way out reaches nothing is seen in test_local_guests
def test_a_guest_with_a_way_out_reaches_the_internet_and_near_only_what_was_allowed(
    starting: Starting,
) -> None:
    with two_hosts() as (own, other):
        ask = starting([ip_network(f"{LAN}/32")])
        assert everywhere(ask, own, other) == {LAN, FAR}
        assert len(own.asked) == 1


def test_guests_do_not_start_with_a_way_out_and_no_wall(
    starting: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall, "NFT", "no-such-program")
    with pytest.raises(Unavailable, match="no-guest-wall"):
        starting()
