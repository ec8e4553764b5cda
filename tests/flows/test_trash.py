"""Deleted, restored under another name, deleted for ever; and what a changed byte does. The store's files tell."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.engine.guests import tiny_disk
from tests.flows.quickly import imported, launched
from tests.flows.steps import becomes, image_row, status
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser]
TRASH = "/images/?tab=trash"


def stored_files(console: Console) -> set[Path]:
    return set(console.data.glob("regions/*/images/*.qcow2"))


def make_image(console: Console, folder: Path, name: str) -> tuple[str, Path]:
    """The ID of an imported image, and its file in the store."""
    before, raw, disk = stored_files(console), tiny_disk(folder / "disk.raw"), folder / f"{name}.qcow2"
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, disk], check=True)
    image = imported(console, disk, name)
    (file,) = stored_files(console) - before
    return image, file


def delete(alice: Visitor, image: str) -> None:
    """From the image's page, by keys alone, in the dialog, where Enter alone destroys nothing."""
    page = alice.open(f"/images/{image}/")
    link = page.locator(f"#thing-actions a[href$='/images/{image}/delete/']")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open] :focus")).to_have_text(re.compile("Cancel"))
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/images/?tab=private")
    alice.look()


def test_an_image_goes_into_the_trash_comes_back_and_goes_for_ever(visitor, console: Console, tmp_path: Path):
    name = "trash-keys"
    alice: Visitor = visitor(locale="en-US", color_scheme="dark", viewport={"width": 390, "height": 844})
    page = alice.sign_in("alice")
    image, file = make_image(console, tmp_path, name)
    content = file.read_bytes()

    delete(alice, image)
    expect(page.get_by_text(re.compile(f"The image {name} has been deleted. Until"))).to_be_visible()
    expect(page.locator(f"#image-{image}")).to_have_count(0)
    assert page.request.get(f"{alice.url}/images/{image}/", max_retries=3).status == 404
    image_row(console, name)  # its name is free

    page = alice.open(TRASH)
    row = page.locator(f"#image-{image}")
    expect(row).to_contain_text(name)
    assert file.read_bytes() == content
    restore(alice, image, f"{name}-again")
    assert page.url.endswith(f"/images/{image}/"), "the ID is the same"
    expect(page.locator("h1")).to_have_text(f"{name}-again")
    expect(page.locator("main [data-status]").first).to_have_text("Normal")

    delete(alice, image)
    alice.open(TRASH)
    page.locator(f"#image-{image} a[href$='/purge/']").click()
    page.locator("dialog[open] .confirm form button").click()
    expect(page.get_by_text(f"The image {name}-again has been deleted for ever.")).to_be_visible()
    wait_for(lambda: not file.exists(), "its file is still there")
    assert page.request.get(f"{alice.url}/images/{image}/restore/", max_retries=3).status == 404


def restore(alice: Visitor, image: str, name: str) -> None:
    """Under another name, as its own was taken."""
    page = alice.page
    page.locator(f"#image-{image} a[href$='/restore/']").click()
    dialog = page.locator("dialog[open] .confirm")
    expect(dialog).to_contain_text("already. Choose another name.")
    alice.look()
    dialog.locator("input[name=name]").fill(name)
    dialog.locator("button[type=submit]").click()
    page.wait_for_url(f"**/images/{image}/")
    alice.look()


@pytest.mark.guest
def test_a_changed_byte_freezes_the_image_and_warns_of_it_on_the_server(
    visitor, console: Console, tmp_path: Path
):
    alice: Visitor = visitor(locale="en-US")
    page = alice.sign_in("alice")
    image, file = make_image(console, tmp_path, "rotten")
    server = launched(console, image, "rotten")
    verify(alice, image, "active")
    expect(page.locator(".image-verified")).to_contain_text("Verified")

    flip(file)
    verify(alice, image, "frozen")
    expect(page.locator("main .alert-danger")).to_contain_text("no longer what they were")
    alice.look()
    launch = page.locator("#thing-actions").get_by_role("button", name="Create server")
    expect(launch).to_have_attribute("aria-disabled", "true")
    page = alice.open(f"/servers/{server}/")
    expect(page.locator("main .alert-danger")).to_contain_text("no longer what they were")
    assert status(page, f"{alice.url}/servers/{server}/") == "running"
    expect(alice.open("/servers/").locator("tbody")).to_contain_text("System disk damaged")
    expect(alice.open("/messages/").locator("main")).to_contain_text("The stored bytes of the image rotten")

    flip(file)
    verify(alice, image, "active")
    expect(alice.open(f"/servers/{server}/").locator("main .alert-danger")).to_have_count(0)
    alice.open(f"/servers/{server}/delete/")
    alice.send("main .confirm button[type=submit]")


def verify(alice: Visitor, image: str, expected: str) -> None:
    """Press the button, wait for the job, and see what has become of the image."""
    page = alice.open(f"/images/{image}/")
    page.locator(f"form[action$='/images/{image}/verify/'] button").click()
    page.wait_for_load_state("load")

    def over() -> bool:
        text = page.request.get(f"{alice.url}/images/{image}/", max_retries=3).text()
        return '<div id="image" hx-get' not in text

    wait_for(over, "the job does not end")
    becomes(alice, f"/images/{image}/", expected)


def flip(file: Path) -> None:
    """One bit of the last byte; once more, and it is what it was."""
    file.chmod(0o644)
    content = file.read_bytes()
    with file.open("r+b") as stream:
        stream.seek(len(content) - 1)
        stream.write(bytes([content[-1] ^ 1]))
