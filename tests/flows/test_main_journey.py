"""The main job: a real image in, a real server out, proved by what the guest itself printed."""

import base64
import csv
import hashlib
import io
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Page, expect

from imsconsole.demo.guest import built_guest
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest, pytest.mark.xdist_group("console")]

JOURNEYS = (
    # identity, boot mode, options of the browser
    ("Flow guest A", "bios", {"locale": "zh-CN"}),
    ("Flow guest B", "uefi", {"locale": "en-US", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}}),
    ("Flow guest A", "bios", {"locale": "en-US", "java_script_enabled": False}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("identity", "boot_mode", "options"), JOURNEYS, ids=["bios-zh", "uefi-en-narrow", "no-scripts"]
)
def test_a_disk_file_becomes_an_image_and_a_server_that_runs(
    identity, boot_mode, options, visitor, console: Console, tmp_path: Path, request
):
    alice: Visitor = visitor(**options)
    name = f"flow-{request.node.callspec.id}"
    disk = built_guest(guests(), name=identity, boot_mode=boot_mode)
    page = alice.sign_in("alice")

    look_through_the_catalogue(alice)
    image = import_file(alice, disk, name)
    public_key, fingerprint = key_pair()
    alice.open("/keypairs/import/")
    page.locator("input[name=name]").fill(name)
    page.locator("textarea[name=public_key]").fill(public_key)
    alice.send()

    server = create_server(alice, image, name)
    log = wait_for(lambda: ready_log(page, alice.url, server), "the guest did not get ready", 120)
    assert f"identity={identity}" in log
    assert f"boot={boot_mode}" in log
    assert f"instance-id={server}" in log
    assert f"hostname={name}" in log
    assert f"ssh-key-fingerprint={fingerprint}" in log
    assert re.search(rf"disk vdb .*marker=IMS-MARKER {server}", log), log
    see_the_screen(alice, server)

    press(alice, server, "stop", "stopped")
    press(alice, server, "start", "running")
    again = wait_for(
        lambda: ready_log(page, alice.url, server, times=2), "the guest did not start again", 120
    )
    assert again.count(f"marker=IMS-MARKER {server}") >= 2

    download_the_list(alice, name)
    press(alice, server, "stop", "stopped")
    assert "clean" in console.manage("check_store")


def guests() -> Path:
    """Where built guests are kept between runs."""
    path = Path.home() / ".cache" / "ims-console"
    path.mkdir(parents=True, exist_ok=True)
    return path


def key_pair() -> tuple[str, str]:
    """A public key as a line, and its fingerprint as ssh-keygen says it."""
    line = (
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        .decode()
    )
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return f"{line} flow", "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def look_through_the_catalogue(alice: Visitor) -> None:
    page = alice.open("/images/?tab=public")
    expect(page.locator("main")).to_contain_text("BusyBox demo A")
    page = alice.open("/images/?tab=public&q=demo+B")
    expect(page.locator("main")).not_to_contain_text("BusyBox demo A")


def import_file(alice: Visitor, disk: Path, name: str) -> str:
    """The wizard; then the job until the image is Normal. Returns the image's ID."""
    page = alice.open("/images/create/")
    page.locator("input[type=file]").set_input_files(disk)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url("**/details/")
    alice.look()
    page.locator("input[name=details-name]").fill(name)
    alice.send()
    page.wait_for_url("**/confirm/")
    alice.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    image = page.url.rstrip("/").rsplit("/", 1)[1]
    wait_for(lambda: status(page, f"{alice.url}/images/{image}/") == "active", "the image is not Normal")
    page = alice.open("/images/?tab=private")
    expect(page.locator("main")).to_contain_text(name)
    page = alice.open("/jobs/")
    expect(page.locator("main")).to_contain_text(name)
    return image


def create_server(alice: Visitor, image: str, name: str) -> str:
    """The order, with a data disk; its confirmation; the server's page. Returns the server's ID."""
    page = alice.open(f"/servers/create/?image={image}")
    page.locator("input[name=data_disks]").fill("1")
    if alice.scripts:
        page.locator("input[name=data_disks]").press("Tab")
    else:
        page.locator("button[name=action][value=refresh]").last.click()
    page.locator("input[name=data_disk_1]").fill("1")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=login][value=key]").check()
    page.locator("select[name=key_pair]").select_option(label=name)
    page.locator("button[name=action][value=confirm]").last.click()
    page.wait_for_url(re.compile(r"/servers/create/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/servers/"))
    if not re.search(r"/servers/[0-9a-f-]{36}/$", page.url):
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_url(re.compile(r"/servers/[0-9a-f-]{36}/$"))
    server = page.url.rstrip("/").rsplit("/", 1)[1]
    wait_for(
        lambda: status(page, f"{alice.url}/servers/{server}/") == "running", "the server does not run", 90
    )
    alice.look()
    return server


def status(page: Page, url: str) -> str:
    """The status on a thing's page, loaded anew."""
    page.goto(url)
    return page.locator("main [data-status]").first.get_attribute("data-status") or ""


def ready_log(page: Page, url: str, server: str, times: int = 1) -> str:
    """The whole console log once the guest has said that often that it is ready."""
    text = page.request.get(f"{url}/servers/{server}/console.txt").text()
    return text if text.count("IMS-GUEST ready") >= times else ""


def see_the_screen(alice: Visitor, server: str) -> None:
    page = alice.open(f"/servers/{server}/")
    expect(page.locator("main")).to_contain_text("IMS-GUEST")
    picture = page.request.get(f"{alice.url}/servers/{server}/screen.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.body().startswith(b"\x89PNG")


def press(alice: Visitor, server: str, verb: str, expected: str) -> None:
    """Press a server's button and wait for what comes of it."""
    page = alice.open(f"/servers/{server}/")
    page.locator(f"main form[action$='/servers/{server}/{verb}/'] button").first.click()
    page.wait_for_load_state("load")
    wait_for(lambda: status(page, f"{alice.url}/servers/{server}/") == expected, f"{verb} did not work")


def download_the_list(alice: Visitor, name: str) -> None:
    answer = alice.page.request.get(f"{alice.url}/images/export.csv?tab=private")
    assert answer.body().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.body().decode("utf-8-sig"))))
    assert name in [row[0] for row in rows[1:]]
