"""A person at a browser, in a region that lies on a real cloud: what the guests there print, and what is left in the end."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from imsconsole.demo.guest import built_guest
from tests.flows import test_install as installing
from tests.flows.conftest import CHECK, browser_type_launch_args, visitor  # noqa: F401
from tests.flows.steps import (
    HERE,
    becomes,
    create_server,
    give_agency,
    import_file,
    project_of,
    ready,
    switch,
)
from tests.flows.test_backups import (
    back_up,
    capture_full,
    create_from_full,
    create_vault,
    image_of,
    restore,
)
from tests.flows.test_change_os import change_os, shown_address, told, undo
from tests.flows.test_copy import copy_across
from tests.flows.test_export import download, export, make_bucket
from tests.flows.test_install import iso  # noqa: F401
from tests.flows.test_main_journey import guests
from tests.flows.test_sharing import accept, offer
from tests.openstack.consoles import EMPTY, THERE, console_on_cloud
from tests.openstack.seen import marked_by
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.browser,
    pytest.mark.guest,
    pytest.mark.slow(reason="whole lives, on a real cloud"),
]
A, B = "Flow guest A", "Flow guest B"


@pytest.fixture(scope="module")
def console(clouds: Path) -> Iterator[Console]:
    with console_on_cloud(clouds) as running:
        yield running
        running.python(EMPTY)
        left = marked_by(running.environment["IMS_CONSOLE_NAME"])
        assert not any(left.values()), left


@pytest.fixture(autouse=True)
def _rows_and_cloud_agree(console: Console) -> Iterator[None]:
    """After each journey; in the end all of it is removed."""
    yield
    checked = console.python(CHECK)
    assert "clean" in checked, checked


@pytest.fixture
def alice(visitor: Callable[..., Visitor]) -> Visitor:  # noqa: F811
    alice = visitor(locale="en-US")
    alice.sign_in("alice")
    switch(alice, THERE)
    return alice


def guest(name: str) -> Path:
    return built_guest(guests(), name=name, boot_mode="bios")


def boots(alice: Visitor, server: str, identity: str) -> str:
    """What the guest printed since its machine was started: a cloud's log begins anew then."""
    log = ready(alice, server)
    said = log[log.rindex("identity=") :]
    assert said.startswith(f"identity={identity} "), log
    alice.open(f"/servers/{server}/")
    return said


def test_a_server_lives_on_a_cloud(alice: Visitor, console: Console) -> None:
    """Imported, launched with a data disk, seen, changed to another system and back; deleted."""
    page = alice.page
    first, second = import_file(alice, guest(A), "first"), import_file(alice, guest(B), "second")
    server = create_server(alice, first, "on-a-cloud")
    log = boots(alice, server, A)
    marker = marker_of(log)
    assert "seed=config-2" in log
    assert "hostname=on-a-cloud" in log
    address = shown_address(page)
    assert told(log, "mac") == address[1]
    sees_its_screen(alice, server)

    change_os(alice, server, second)
    log = boots(alice, server, B)
    assert marker in log
    assert "password=set" in log
    assert shown_address(page) == address
    assert told(log, "mac") == address[1]
    undo(alice, "#kept-disks a[href$='/undo/']")
    becomes(alice, f"/servers/{server}/", "running")
    assert marker in boots(alice, server, A)
    assert shown_address(page) == address
    delete(alice, server)


def marker_of(log: str) -> str:
    """What the guest wrote on its blank data disk: the ID that the cloud gave its first machine."""
    return f"disk vdb marker=IMS-MARKER {told(log, 'instance-id')}"


def sees_its_screen(alice: Visitor, server: str) -> None:
    """noVNC draws what comes over our bridge from the cloud: letters, in more than one colour; and there is a picture of it."""
    page = alice.open(f"/servers/{server}/screen/")
    expect(page.locator("[data-screen]")).to_have_attribute("data-state", "connected")
    wait_for(lambda: colours(page) > 1, "its screen stays dark", 60)
    alice.look()
    page.goto("about:blank")
    picture = page.request.get(f"{alice.url}/servers/{server}/screen.png", max_retries=3)
    assert picture.headers["content-type"] == "image/png"
    assert picture.body().startswith(b"\x89PNG")


def colours(page: Page) -> int:
    """How many the screen shows."""
    return int(
        page.locator("[data-frame] canvas").evaluate(
            """canvas => new Set(new Uint32Array(canvas.getContext('2d')
               .getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""
        )
    )


def delete(alice: Visitor, server: str) -> None:
    """With its data disks."""
    page = alice.open(f"/servers/{server}/delete/")
    if (box := page.locator("input[name=delete_disks]")).count():
        box.check()
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_load_state("load")
    gone = f"{alice.url}/servers/{server}/"
    wait_for(lambda: page.request.get(gone, max_retries=3).status == 404, "the server is not deleted")


@pytest.mark.thorough
def test_images_of_it_are_kept_shared_and_brought_back(
    alice: Visitor,
    console: Console,
    visitor: Callable[..., Visitor],  # noqa: F811
) -> None:
    """Captured, kept with all its disks, backed up and restored; a receiver starts what was shared."""
    server = create_server(alice, import_file(alice, guest(A), "source"), "source")
    log = boots(alice, server, A)
    marker = marker_of(log)
    captured = image_of(alice, f"/servers/{server}/", "captured")
    assert len(re.findall("identity=", ready(alice, server))) == 1  # it ran on

    vault = create_vault(alice, "safe")
    full = capture_full(alice, server, vault, "full")
    backup = back_up(alice, server, vault, "backup")
    change_os(alice, server, import_file(alice, guest(B), "other"))
    assert marker in boots(alice, server, B)
    restore(alice, backup, server)
    assert marker in boots(alice, server, A)
    delete(alice, server)

    whole = create_from_full(alice, full, "whole")
    log = boots(alice, whole, A)
    assert marker in log
    assert "hostname=whole" in log
    delete(alice, whole)

    carol = visitor(locale="en-US", java_script_enabled=False)
    carol.sign_in("carol")
    switch(carol, "globex-lab-1")
    offer(alice, captured, project_of(carol))
    accept(carol, captured)
    theirs = create_server(carol, captured, "theirs")
    log = ready(carol, theirs)
    assert f"identity={A} " in log
    assert "hostname=theirs" in log
    delete(carol, theirs)


@pytest.mark.thorough
def test_images_go_from_region_to_region_and_out(alice: Visitor, console: Console, tmp_path: Path) -> None:
    """From the cloud to the region on this host and back; each copy starts. Exported, it is the same disk."""
    disk = guest(A)
    image = import_file(alice, disk, "traveller")
    give_agency(alice, giver=HERE, grantee=THERE)
    there = copy_across(alice, image, "away", to=HERE)
    server = create_server(alice, there, "away")
    assert f"identity={A} " in boots(alice, server, A)
    console.cut_power(server)

    give_agency(alice, giver=THERE, grantee=HERE)
    back = copy_across(alice, there, "back", to=THERE)
    server = create_server(alice, back, "back")
    assert "hostname=back" in boots(alice, server, A)
    delete(alice, server)

    made = export(alice, back, make_bucket(alice), "vmdk")
    target = tmp_path / "out.vmdk"
    download(alice.page, f"{alice.url}/buckets/objects/{made}/download/", target)
    compared = subprocess.run(
        ["qemu-img", "compare", disk, target], capture_output=True, text=True, check=False
    )
    assert compared.returncode == 0, compared.stdout + compared.stderr


@pytest.mark.thorough
def test_a_system_is_installed_on_its_screen_and_becomes_an_image(
    alice: Visitor,
    console: Console,
    iso: Path,  # noqa: F811
) -> None:
    """By keys of this browser, through our bridge and the cloud's."""
    server = installing.install(alice, installing.import_iso(alice, iso, "installer-cd"), "installer")
    installing.answer_on_the_screen(alice, server)
    made = installing.capture(alice, server, "blue-moon")
    delete(alice, server)
    copy = installing.launch(alice, made, "from-blue-moon")
    said = f"{installing.INSTALLED} {installing.NAME}"
    wait_for(lambda: said in installing.log_of(alice, copy), "the image does not boot")
    assert "IMS-INSTALLER" not in installing.log_of(alice, copy)
    delete(alice, copy)
