"""The main job: a real image in, a real server out, proved by what the guest itself printed."""

import base64
import csv
import hashlib
import io
import re
import subprocess
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import expect

from imsconsole.demo.guest import built_guest
from imsconsole.engine.types import MIB
from tests.flows.steps import create_server, import_file, press, ready
from tests.support.console import wait_for
from tests.support.ova import ova, ovf, stream_vmdk
from tests.support.visitor import SETTLES, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

JOURNEYS = (
    # identity, boot mode, options of the browser
    ("Flow guest B", "uefi", {"locale": "en-US", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}}),
    ("Flow guest A", "bios", {"locale": "en-US", "java_script_enabled": False}),
)  # fmt: skip


@pytest.mark.parametrize(("identity", "boot_mode", "options"), JOURNEYS, ids=["uefi-narrow", "no-scripts"])
def test_a_disk_file_becomes_an_image_and_a_server_that_runs(
    identity, boot_mode, options, visitor, tmp_path: Path, request
):
    main_journey(visitor(**options), f"flow-{request.node.callspec.id}", identity, boot_mode, tmp_path)


def main_journey(alice: Visitor, name: str, identity: str, boot_mode: str, folder: Path) -> None:
    """All that is made is called `name`."""
    disk = built_guest(guests(), name=identity, boot_mode=boot_mode)
    page = alice.fill_in_sign_in("alice")

    look_through_the_catalogue(alice)
    image = import_machine(alice, disk, name, folder) if alice.scripts else import_file(alice, disk, name)
    if boot_mode == "uefi":
        ask_for_secure_boot_and_tpm(alice, image)
    public_key, fingerprint = key_pair()
    alice.open("/keypairs/import/")
    page.locator("input[name=name]").fill(name)
    page.locator("textarea[name=public_key]").fill(public_key)
    alice.send()

    text = f"#!/bin/sh\necho {name} was told so\n"
    if alice.scripts:
        server = create_server(
            alice, image, name, key_pair=name, besides=partial(save_user_data, name=name, text=text)
        )
    else:
        give_default(alice, image, name, text)
        server = create_server(alice, image, name, key_pair=name, besides=partial(is_filled_in, text=text))
    log = ready(alice, server)
    assert f"user-data: {name} was told so" in log
    assert f"identity={identity}" in log
    assert f"boot={boot_mode}" in log
    assert f"instance-id={server}" in log
    assert f"hostname={name}" in log
    assert f"ssh-key-fingerprint={fingerprint}" in log
    assert re.search(rf"disk vdb .*marker=IMS-MARKER {server}", log), log
    see_the_screen(alice, server)
    has_features = boot_mode == "uefi"
    if has_features:
        expect(alice.page.locator(".server-side")).to_contain_text(re.compile(r"Secure Boot\s+TPM 2\.0"))
    assert ("secure-boot=1" in log, "IMS-GUEST tpm=2 " in log) == (has_features, has_features)

    press(alice, server, "stop", "stopped")
    assert ready(alice, server).count("IMS-GUEST power off") == 1
    download_the_list(alice, name)


def import_machine(alice: Visitor, disk: Path, name: str, folder: Path) -> str:
    """The disk in an OVA, with another beside it: its OVF fills the form, both become images."""
    raw, blank = folder / "system.raw", folder / "data.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", disk, raw], check=True)
    with blank.open("wb") as file:
        file.truncate(8 * MIB)
    disks = {"system.vmdk": stream_vmdk(raw), "data.vmdk": stream_vmdk(with_table(blank))}
    told = ovf(
        list(disks), name=f"{name} from elsewhere", memory_mb=256, firmware="efi", os="Other Linux (64-bit)"
    )
    archive = folder / "machine.ova"
    archive.write_bytes(ova(disks, descriptor=told))
    image = import_file(alice, archive, name)
    expect(alice.open("/images/?tab=private").locator("main")).to_contain_text(f"{name}-data-1")
    facts = alice.open(f"/images/{image}/").locator("main")
    expect(facts).to_contain_text("256 MB")
    return image


def ask_for_secure_boot_and_tpm(alice: Visitor, image: str) -> None:
    """Of the image; its servers' pages say it. A system that is signed takes some more memory to start."""
    page = alice.open(f"/images/{image}/modify/")
    page.locator("input[name=min_ram_mb]").fill("512")
    page.get_by_label("Secure Boot").check()
    page.get_by_label("TPM").check()
    alice.look()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(rf"/images/{image}/$"))
    for feature in ("Secure Boot", "TPM"):
        line = alice.page.locator("dl > div", has=alice.page.locator("dt", has_text=feature))
        expect(line.locator("dd").first).to_contain_text("Yes")


def with_table(disk: Path) -> Path:
    subprocess.run(
        ["sfdisk", "-q", "--no-tell-kernel", disk],
        input="label: dos\n,,83\n",
        text=True,
        check=True,
        capture_output=True,
    )
    return disk


def save_user_data(alice: Visitor, name: str, text: str) -> None:
    """On the way: the order is left for it, and comes back with it chosen and filled in."""
    page = alice.page
    page.locator("button[formaction*='what=user-data']").click()
    page.wait_for_url(re.compile(r"/user-data/create/\?for="))
    page.locator("input[name=name]").fill(name)
    page.locator("textarea[name=text]").fill(text)
    alice.send()
    page.wait_for_url(re.compile(r"/servers/create/.*kept="))
    expect(page.locator("select[name=user_data-choice] option:checked")).to_have_text(name)
    is_filled_in(alice, text)
    typed = page.locator("textarea[name=user_data]")
    typed.fill("typed by hand")
    page.evaluate(SETTLES, "user-data")
    page.locator("select[name=user_data-choice]").select_option(label="None")
    page.evaluate("settled")  # the part that has come hears what is chosen next
    page.locator("select[name=user_data-choice]").select_option(label=name)
    expect(page.locator("#user-data .alert")).to_be_visible()
    expect(typed).to_have_value("typed by hand")
    page.get_by_role("button", name="Fill in").click()
    is_filled_in(alice, text)


def give_default(alice: Visitor, image: str, name: str, text: str) -> None:
    """The image's default user data, filled in from what is saved."""
    page = alice.open("/user-data/create/")
    page.locator("input[name=name]").fill(name)
    page.locator("textarea[name=text]").fill(text)
    alice.send()
    page = alice.open(f"/images/{image}/modify/")
    page.locator("select[name=default_user_data-choice]").select_option(label=name)
    page.get_by_role("button", name="Fill in").click()
    expect(page.locator("textarea[name=default_user_data]")).to_have_value(text)
    alice.send()
    page.wait_for_url(re.compile(rf"/images/{image}/$"))


def is_filled_in(alice: Visitor, text: str) -> None:
    expect(alice.page.locator("textarea[name=user_data]")).to_have_value(text)
    alice.look()


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


def see_the_screen(alice: Visitor, server: str) -> None:
    path = f"/servers/{server}/"

    def there() -> bool:  # without scripts a page that is open stays as it was when it was asked for
        return "IMS-GUEST" in alice.page.request.get(alice.url + path, max_retries=3).text()

    alice.page.goto("about:blank")
    wait_for(there, "its page does not show its log")
    page = alice.open(path)
    expect(page.locator("main")).to_contain_text("IMS-GUEST")
    picture = page.request.get(f"{alice.url}/servers/{server}/screen.png", max_retries=3)
    assert picture.headers["content-type"] == "image/png"
    assert picture.body().startswith(b"\x89PNG")


def download_the_list(alice: Visitor, name: str) -> None:
    answer = alice.page.request.get(f"{alice.url}/images/export.csv?tab=private", max_retries=3)
    assert answer.body().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.body().decode("utf-8-sig"))))
    assert name in [row[0] for row in rows[1:]]
