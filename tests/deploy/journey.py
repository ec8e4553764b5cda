"""What a proxy has to let through, by a browser: an upload, a screen, a file that is saved whole and in parts."""

import ssl
import subprocess
import urllib.request
from pathlib import Path

from playwright.sync_api import expect

from tests.flows.steps import create_server, import_file
from tests.flows.test_export import download_stored
from tests.support.console import wait_for
from tests.support.visitor import Visitor

PICTURES = "canvas => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"


def uploads_and_downloads(alice: Visitor, name: str, folder: Path) -> str:
    """24 MiB that do not shrink, by tus; back bit for bit. Returns the image's ID."""
    raw, disk = folder / f"{name}.raw", folder / f"{name}.qcow2"
    with Path("/dev/urandom").open("rb") as chance:
        raw.write_bytes(chance.read(24 * 1024**2))
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, disk], check=True)
    image = import_file(alice, disk, name)
    saved = download_stored(alice, image, folder)
    assert (
        subprocess.run(["qemu-img", "compare", raw, saved], capture_output=True, check=False).returncode == 0
    )
    return image


def watches_a_screen(alice: Visitor, name: str) -> str:
    """Of a new server of the demo's image, by a WebSocket. Returns the server's ID."""
    page = alice.open("/images/?tab=public&q=demo+B")
    href = (
        page.locator("main table a[href^='/images/'], main table a[href*='/images/']").first.get_attribute(
            "href"
        )
        or ""
    )
    server = create_server(alice, href.rstrip("/").rsplit("/", 1)[1], name)
    page = alice.open(f"/servers/{server}/screen/")
    expect(page.locator("[data-screen]")).to_have_attribute("data-state", "connected")
    colours = page.locator("[data-frame] canvas")
    wait_for(lambda: colours.evaluate(PICTURES) > 1, "the screen stays dark", 60)
    page.goto("about:blank")
    return server


def answer_of(url: str, certificate: Path, **headers: str) -> "urllib.request.addinfourl":
    """Of an address that a certificate vouches for."""
    asked = urllib.request.Request(
        url, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    return urllib.request.urlopen(asked, context=ssl.create_default_context(cafile=certificate))
