"""A full-ECS image of a running server, an image of its data, backups by hand and at their time; and back from each: as the guests say."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from imsconsole.core.project_urls import bare
from tests.flows.steps import SECRET, becomes, choose_login, create_server, made_image, ready_log, status
from tests.flows.test_change_os import A, boots, public_image
from tests.support.console import Console, wait_for
from tests.support.ssh import said
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

WRITE = "echo {word} | dd of=/dev/vdb conv=notrunc,fsync; head -n 1 /dev/vdb"
DUE = """
from imsconsole.cloud.models import BackupSchedule
from imsconsole.core.now import now
BackupSchedule.objects.filter(pk="{schedule}").update(next_at=now())
"""
MADE = """
from imsconsole.cloud.models import Backup
print(*Backup.objects.filter(schedule="{schedule}", status="available").values_list("pk", flat=True))
"""


def test_a_server_is_multiplied_with_its_data_and_brought_back(visitor, console: Console, tmp_path: Path):
    alice: Visitor = visitor(locale="zh-CN")
    name = "backup"
    page = alice.sign_in("alice")
    server = create_server(alice, public_image(alice, A, "bios"), name)
    boots(alice, server, A, times=1)
    line = alice.open(f"/servers/{server}/").locator("code", has_text="ssh -p").inner_text()

    def writes(word: str) -> None:  # on its data disk
        assert said(line, WRITE.format(word=word), tmp_path, password=SECRET) == f"{word}\n"

    writes("PRECIOUS")
    data = image_of(alice, data_disk_of(alice, server), f"{name}-data")
    vault = create_vault(alice, name)
    image = capture_full(alice, server, vault, name)
    backup = back_up(alice, server, vault, name)
    nightly = back_up_regularly(alice, console, server, vault)
    assert status(page, f"{alice.url}/servers/{server}/") == "running"

    copy = create_from_full(alice, image, f"{name}-copy")
    disk = disk_from(alice, data, f"{name}-disk")
    log = boots(alice, copy, A, times=1)
    assert f"instance-id={copy}" in log
    assert "disk vdb marker=PRECIOUS" in log, "its data disk has what the other server wrote"
    attach(alice, copy, disk)
    wait_for(
        lambda: "disk vdc marker=PRECIOUS" in ready_log(page, alice.url, copy),
        "the new disk does not hold the data",
    )
    console.cut_power(copy)

    writes("LOST")
    restore(alice, backup, server)
    log = boots(alice, server, A, times=2)
    assert "disk vdb marker=PRECIOUS" in log
    assert f"instance-id={server}" in log
    console.cut_power(server)
    restore_to_new(alice, nightly, f"{name}-again")


def id_in(page: Page) -> str:
    found = re.findall(r"/([0-9a-f-]{36})/", page.url)
    assert found, page.url
    return found[-1]


def create_vault(alice: Visitor, name: str) -> str:
    page = alice.open("/vaults/create/")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=capacity_gb]").fill("20")
    alice.send()
    page.wait_for_url(re.compile(r"/vaults/[0-9a-f-]{36}/$"))
    return id_in(page)


def data_disk_of(alice: Visitor, server: str) -> str:
    """The address of the server's data disk."""
    page = alice.open(f"/servers/{server}/")
    links = [link.get_attribute("href") or "" for link in page.locator("main a[href*='/disks/']").all()]
    addresses = [link for link in links if re.fullmatch(r"/disks/[0-9a-f-]{36}/", bare(link))]
    return addresses[-1]


def image_of(alice: Visitor, thing: str, name: str) -> str:
    """By the button of a server or disk, through the wizard; then until the image is Normal. Its ID."""
    page = alice.open(thing)
    if "/servers/" in thing:
        page.locator("#thing-actions .menu summary").click()
    page.locator("main a[href*='/images/create/from-']").first.click()
    page.wait_for_url(re.compile(r"/images/create/from-"))
    alice.look()
    expect(page.locator("#create-choices input:checked")).to_have_count(1)
    alice.send()
    page.wait_for_url("**/details/")
    page.locator("input[name=details-name_1]").fill(name)
    alice.send()
    page.wait_for_url("**/confirm/")
    expect(page.locator("main")).to_contain_text(name)
    alice.send()
    image = made_image(alice)
    alice.look()
    return image


def capture_full(alice: Visitor, server: str, vault: str, name: str) -> str:
    """By the choice of type and source, of the running server."""
    alice.open("/images/create/")
    page = alice.page
    page.locator("#create-kinds a[href*='type=full']").first.click()
    page.wait_for_url(re.compile("full-ecs/from-server/"))
    alice.look()
    page.locator(f"input[name=server][value='{server}']").check()
    page.locator("select[name=vault]").select_option(vault)
    page.locator("input[name=name]").fill(name)
    alice.go_on(re.compile(r"/full-ecs/from-server/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    image = id_in(page)
    becomes(alice, f"/images/{image}/", "active")
    page.locator("details.fold:has(a[href*='/backups/']) > summary").click()
    page.locator("main a[href*='/backups/']:not([href$='/backups/'])").first.click()
    page.wait_for_url(re.compile(r"/backups/[0-9a-f-]{36}/$"))
    becomes(alice, page.url.removeprefix(alice.url), "available")
    alice.look()
    return image


def create_from_full(alice: Visitor, image: str, name: str) -> str:
    """The order comes with the image's disks; nothing is to be said about them."""
    page = alice.open(f"/servers/create/?image={image}")
    assert page.locator("input[name=data_disks]").input_value() == "1"
    assert page.locator("input[name=data_disk_1]").input_value() == "1"
    page.locator("input[name=name]").fill(name)
    choose_login(page)
    alice.go_on(re.compile(r"/servers/create/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/servers/[0-9a-f-]{36}/$"))
    server = id_in(page)
    becomes(alice, f"/servers/{server}/", "running")
    return server


def disk_from(alice: Visitor, image: str, name: str) -> str:
    """By the image's own button. The disk's ID."""
    page = alice.open(f"/images/{image}/")
    page.locator("#thing-actions a[href*='/disks/create/']").click()
    page.wait_for_url(re.compile(r"/disks/create/"))
    alice.look()
    expect(page.locator(f"input[name=image][value='{image}']")).to_be_checked()
    page.locator("input[name=name]").fill(name)
    alice.go_on(re.compile(r"/disks/create/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/disks/[0-9a-f-]{36}/$"))
    disk = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/disks/{disk}/", "available")
    return disk


def attach(alice: Visitor, server: str, disk: str) -> None:
    page = alice.open(f"/disks/{disk}/attach/")
    page.locator(f"input[name=server][value='{server}']").check()
    alice.send()
    becomes(alice, f"/disks/{disk}/", "in-use")


def back_up(alice: Visitor, server: str, vault: str, name: str) -> str:
    page = alice.open(f"/servers/{server}/back-up/")
    page.locator("select[name=vault]").select_option(vault)
    page.locator("input[name=name]").fill(name)
    alice.send()
    page.wait_for_url(re.compile(r"/backups/[0-9a-f-]{36}/$"))
    backup = id_in(page)
    becomes(alice, f"/backups/{backup}/", "available")
    alice.look()
    return backup


def back_up_regularly(alice: Visitor, console: Console, server: str, vault: str) -> str:
    """By a schedule, when its time has come. The backup it makes."""
    page = alice.open(f"/schedules/create/?server={server}")
    expect(page.locator(f"input[name=servers][value='{server}']")).to_be_checked()
    page.locator("input[name=name]").fill("nightly")
    page.locator("select[name=vault]").select_option(vault)
    page.locator("input[name=keep]").fill("1")
    expect(page.locator("#summary dd").nth(1)).to_have_text("1")
    alice.look()
    alice.send()
    page.wait_for_url(re.compile(r"/schedules/[0-9a-f-]{36}/$"))
    schedule = id_in(page)
    console.python(DUE.format(schedule=schedule))
    kept = str(wait_for(lambda: console.python(MADE.format(schedule=schedule)).strip(), "it makes no backup"))
    page = alice.open(f"/schedules/{schedule}/")
    page.locator(f"#backups-table tbody tr a[href*='/backups/{kept}/']").first.click()
    page.wait_for_url(f"**/backups/{kept}/")
    alice.open(f"/schedules/{schedule}/delete/")
    alice.send()
    return kept


def restore(alice: Visitor, backup: str, server: str) -> None:
    page = alice.open(f"/backups/{backup}/restore/")
    page.locator("input[name=stop_first]").check()
    alice.send()
    page.wait_for_url(re.compile(rf"/servers/{server}/$"))
    becomes(alice, f"/servers/{server}/", "running")


def restore_to_new(alice: Visitor, backup: str, name: str) -> None:
    """From the page of the backup. What then is on its disks `tests/images/restore/` says."""
    page = alice.open(f"/backups/{backup}/restore/")
    page.locator(f"main a[href$='/backups/{backup}/restore-to-new/']").click()
    page.wait_for_url("**/restore-to-new/")
    alice.look()
    page.locator("input[name=name]").fill(name)
    alice.go_on(re.compile(r"/restore-to-new/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/servers/[0-9a-f-]{36}/$"))
    becomes(alice, f"/servers/{id_in(page)}/", "running")
