"""A vault, a full-ECS image of a running server, a server from it; a backup, and back to it: as the guests say.

Of backups, CBR and legacy, full-ECS images, one of which goes to another region: what is on their disks.
"""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.flows.steps import (
    FAR,
    HERE,
    assert_same_content,
    becomes,
    choose_login,
    create_server,
    give_agency,
    ready_log,
    status,
    stored_disks,
    switch,
)
from tests.flows.test_change_os import boots, change_os, public_image
from tests.flows.test_copy import copy_across
from tests.flows.test_every_page import DJANGOS
from tests.support.console import Console, wait_for
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

A, B = "BusyBox demo A", "BusyBox demo B"


def test_a_server_is_multiplied_with_its_data_and_brought_back(visitor, console: Console, tmp_path: Path):
    alice: Visitor = visitor(locale="zh-CN")
    name = "backup"
    alice.sign_in("alice")
    image_a, image_b = (public_image(alice, identity, "bios") for identity in (A, B))
    server = create_server(alice, image_a, name)
    marker = f"marker=IMS-MARKER {server}"
    assert marker in boots(alice, server, A, times=1)

    vault = create_vault(alice, name)
    image = capture_full(alice, server, vault, name)
    copy = create_from_full(alice, image, f"{name}-copy")
    log = boots(alice, copy, A, times=1)
    assert f"instance-id={copy}" in log
    assert f"disk vdb {marker}" in log, "its data disk has what the other server wrote"
    delete_with_backup(alice, image)
    assert marker in ready_log(alice.page, alice.url, copy), "its server runs on"
    assert status(alice.page, f"{alice.url}/servers/{copy}/") == "running"
    console.cut_power(copy)

    backup = back_up(alice, server, vault, name)
    nightly = back_up_regularly(alice, console, server, vault)
    of_backup = image_of_backup(alice, backup, f"{name}-cbr")
    far = copied_to_vault(alice, of_backup, name)
    change_os(alice, server, image_b)
    assert marker in boots(alice, server, B, times=2)
    restore(alice, backup, server)
    log = boots(alice, server, A, times=3)
    assert f"disk vdb {marker}" in log
    assert f"instance-id={server}" in log
    again = restore_to_new(alice, nightly, f"{name}-again")
    log = boots(alice, again, A, times=1)
    assert f"disk vdb {marker}" in log, "a new server has what was backed up"
    assert f"instance-id={again}" in log
    console.cut_power(again)

    legacy = image_of_backup(alice, back_up_as_csbs(visitor(locale="en-US"), alice, server), f"{name}-csbs")
    (system,) = stored_disks(console, image_a)
    for full in (of_backup, far, legacy):
        stored, data = stored_disks(console, full)
        assert_same_content(stored, system)
        assert beginning_of(data, tmp_path).startswith(b"IMS-MARKER " + server.encode()), full


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
    """By a schedule that keeps one, twice when its time has come. The backup that is left."""
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
    first = made_at_its_time(alice, console, schedule, before="")
    kept = made_at_its_time(alice, console, schedule, before=first)
    wait_for(lambda: scheduled_backups(alice) == [kept], "the older backup is still there")
    page = alice.open(f"/schedules/{schedule}/")
    expect(page.locator("#backups-table tbody tr")).to_have_count(1)
    alice.look()
    expect(alice.open(f"/servers/{server}/").locator("#schedules")).to_contain_text("nightly")
    alice.open(f"/schedules/{schedule}/delete/")
    alice.send()
    return kept


def made_at_its_time(alice: Visitor, console: Console, schedule: str, before: str) -> str:
    """The backup it makes when it is due; `before` is the one that was there."""
    console.python(f"""
from imsconsole.cloud.models import BackupSchedule
from imsconsole.core.now import now
BackupSchedule.objects.filter(pk="{schedule}").update(next_at=now())
""")
    wait_for(lambda: set(scheduled_backups(alice)) - {before}, "the schedule makes no backup")
    (new,) = set(scheduled_backups(alice)) - {before}
    becomes(alice, f"/backups/{new}/", "available")
    return new


def scheduled_backups(alice: Visitor) -> list[str]:
    text = alice.page.request.get(f"{alice.url}/backups/?schedule=nightly", max_retries=3).text()
    return sorted(set(re.findall(r'/backups/([0-9a-f-]{36})/"', text)))


def image_of_backup(alice: Visitor, backup: str, name: str) -> str:
    """By the button of the backup. The image's ID."""
    page = alice.open(f"/backups/{backup}/")
    page.locator("main a[href*='/full-ecs/from-backup/']").first.click()
    page.wait_for_url(re.compile(r"/full-ecs/from-backup/"))
    alice.look()
    page.locator("input[name=name]").fill(name)
    alice.go_on(re.compile(r"/full-ecs/from-backup/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    image = id_in(page)
    becomes(alice, f"/images/{image}/", "active")
    alice.look()
    return image


def copied_to_vault(alice: Visitor, image: str, name: str) -> str:
    """The ID of its copy in the other region, whose project has a vault for it."""
    give_agency(alice)
    switch(alice, FAR)
    vault = create_vault(alice, name)
    switch(alice, HERE)
    copy = copy_across(alice, image, name, vault=vault)
    expect(alice.open(f"/vaults/{vault}/").locator("#backups-table tbody tr")).to_have_count(1)
    switch(alice, HERE)
    return copy


def back_up_as_csbs(operator: Visitor, alice: Visitor, server: str) -> str:
    """The operator brings it in, in the administration; the server's owner finds it, of no vault. The backup's ID."""
    page = operator.sign_in("admin")
    page.goto(f"{operator.url}/admin/cloud/server/?q={server}")
    page.locator("input[name=_selected_action]").check()
    page.locator("select[name=action]").select_option(value="back_up_as_csbs")
    page.locator("button[name=index]").click()
    page.wait_for_load_state("load")
    operator.look(*DJANGOS)
    page.locator("input[type=submit].default").click()
    page.wait_for_load_state("load")
    expect(page.locator("body")).to_contain_text("Done for 1")
    alice.open(f"/backups/?q={server}").get_by_role("link", name=re.compile("^csbs-")).first.click()
    alice.page.wait_for_url(re.compile(r"/backups/[0-9a-f-]{36}/$"))
    backup = id_in(alice.page)
    becomes(alice, f"/backups/{backup}/", "available")
    expect(alice.page.locator("main")).to_contain_text("CSBS")
    return backup


def beginning_of(disk: Path, folder: Path) -> bytes:
    """The first sector of a stored disk."""
    out = folder / "sector"
    read = ["qemu-img", "dd", "-f", "qcow2", "-O", "raw", "bs=512", "count=1", f"if={disk}", f"of={out}"]
    subprocess.run(read, check=True, capture_output=True)
    return out.read_bytes()


def restore(alice: Visitor, backup: str, server: str) -> None:
    page = alice.open(f"/backups/{backup}/restore/")
    page.locator("input[name=stop_first]").check()
    alice.send()
    page.wait_for_url(re.compile(rf"/servers/{server}/$"))
    becomes(alice, f"/servers/{server}/", "running")


def restore_to_new(alice: Visitor, backup: str, name: str) -> str:
    """From the page of the backup; the new server's ID."""
    page = alice.open(f"/backups/{backup}/restore/")
    page.locator(f"main a[href$='/backups/{backup}/restore-to-new/']").click()
    page.wait_for_url("**/restore-to-new/")
    alice.look()
    page.locator("input[name=name]").fill(name)
    alice.go_on(re.compile(r"/restore-to-new/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/servers/[0-9a-f-]{36}/$"))
    server = id_in(page)
    becomes(alice, f"/servers/{server}/", "running")
    return server


def delete_with_backup(alice: Visitor, image: str) -> None:
    """Into the trash, then for ever: the backup is gone with it."""
    page = alice.open(f"/images/{image}/delete/")
    page.locator("input[name=delete_backups]").check()
    alice.send()
    before = backups_on(alice)
    alice.open(f"/images/{image}/purge/")
    alice.send()
    wait_for(lambda: backups_on(alice) == before - 1, "the backup is still there")


def backups_on(alice: Visitor) -> int:
    text = alice.page.request.get(f"{alice.url}/backups/", max_retries=3).text()
    return len(set(re.findall(r'/backups/[0-9a-f-]{36}/"', text)))
