"""What a console holds after somebody worked with it: the things its pages show, made through its own pages."""

import re
from pathlib import Path

from tests.flows.steps import FAR, HERE, becomes, give_agency, switch
from tests.support.visitor import Visitor, new_visitor

LONG_NAME = (
    "image-of-the-payment-service-with-everything-" + "x" * 80
)  # 125 characters, without a place to break
PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0nX6m6aVYkJ5mTgQm3J1Zq8m4Qw0V3p0cQpQm5bO3B a-person@their-laptop"
)
NOWHERE = "/nothing/here/"
ID = r"[0-9a-f-]{36}"


def set_stage(alice: Visitor, folder: Path) -> list[str]:
    """A key pair, images (one failed at the door, one in the trash, a full-ECS one), a running and a changed server, an encrypted
    disk, an object, a vault with a backup; drafts half filled in; images that are shared with others and by them.

    `folder` takes the files to upload. Returns the addresses that no link leads to.
    """
    import_key(alice, "laptop")
    server = create_server(alice, "web-1")
    stopped = create_server(alice, "a-server-with-a-rather-long-name-for-the-payment-service-1")
    press(alice, stopped, "force-off", "stopped")  # it has not started so far that it would hear the button
    small = disk_file(folder / "data.raw")
    make_image(alice, small, "data-of-web-1")
    make_image(alice, small, LONG_NAME)
    make_image(alice, small, "thrown-away")
    throw_away(alice)
    refuse_file(alice, folder / "not-a-disk.vmdk")
    changed = change_os(alice, stopped)
    make_disk(alice, make_key(alice, "payments"))
    make_object(alice, small)
    whole = make_full_image(alice, server)
    return [
        *share_and_receive(alice, small),
        *half_filled_import(alice, small),
        *half_filled_capture(alice, server),
        *half_filled_copy(alice, whole),
        confirmation(alice, f"/servers/{server}/reinstall-os/", stop=True),
        f"/servers/{changed}/",
        NOWHERE,
    ]


def disk_file(path: Path) -> Path:
    """A raw disk of 1 MiB whose content is of no importance."""
    path.write_bytes(bytes(range(256)) * 4096)
    return path


def import_key(alice: Visitor, name: str) -> None:
    page = alice.open("/keypairs/import/")
    page.locator("input[name=name]").fill(name)
    page.locator("textarea[name=public_key]").fill(PUBLIC_KEY)
    alice.send()


def create_server(alice: Visitor, name: str) -> str:
    """A server from the first public image, running. Returns its ID."""
    page = alice.open("/servers/create/")
    page.locator("input[name=image][type=radio]").first.check()
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=login][value=key]").check()
    page.locator("select[name=key_pair]").select_option(index=1)
    alice.go_on(re.compile(rf"/servers/create/{ID}/$"))
    alice.send()
    if not re.search(rf"/servers/{ID}/$", page.url):
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_url(re.compile(rf"/servers/{ID}/$"))
    server = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/servers/{server}/", "running")
    return server


def press(alice: Visitor, server: str, verb: str, status: str) -> None:
    alice.open(f"/servers/{server}/{verb}/")
    alice.send("main .confirm button[type=submit]")
    becomes(alice, f"/servers/{server}/", status)


def upload(alice: Visitor, file: Path, form: str = "raw") -> None:
    page = alice.open("/images/create/?type=data")
    page.locator("select[name=format]").select_option(form)
    page.locator("input[type=file]").set_input_files(file)
    page.locator("main form:not(.help-title) button[type=submit]").last.click()


def half_filled_import(alice: Visitor, file: Path, name: str = "half-done") -> list[str]:
    """The pages of an import that waits for its last click."""
    upload(alice, file)
    alice.page.wait_for_url("**/details/")
    details = alice.page.url
    alice.page.locator("input[name=details-name]").fill(name)
    alice.send()
    alice.page.wait_for_url("**/confirm/")
    return [url.removeprefix(alice.url) for url in (details, alice.page.url)]


def half_filled_capture(alice: Visitor, server: str) -> list[str]:
    """The pages of an image of a server that waits for its last click."""
    alice.open(f"/images/create/from-server/?server={server}")
    alice.send()
    alice.page.wait_for_url("**/details/")
    details = alice.page.url
    alice.send()
    alice.page.wait_for_url("**/confirm/")
    return [url.removeprefix(alice.url) for url in (details, alice.page.url)]


def half_filled_copy(alice: Visitor, image: str) -> list[str]:
    """The pages of a copy of a full-ECS image to another region that waits for its last click."""
    give_agency(alice)
    switch(alice, FAR)
    make_vault(alice, "vault-far")
    switch(alice, HERE)
    page = alice.open(f"/images/{image}/copy/")
    page.locator("input[name=kind][value=across]").check()
    alice.send()
    page.wait_for_url("**/target/")
    target = page.url
    page.locator("#copy-across input[type=radio]:not([disabled])").first.check()
    page.locator("select[name=target-vault]").select_option(index=1)
    alice.send()
    page.wait_for_url("**/confirm/")
    return [url.removeprefix(alice.url) for url in (target, page.url)]


def make_key(alice: Visitor, name: str) -> str:
    alice.open("/keys/create/").locator("input[name=name]").fill(name)
    alice.send()
    alice.page.wait_for_url(re.compile(rf"/keys/{ID}/$"))
    return name


def make_disk(alice: Visitor, key: str) -> None:
    page = alice.open("/disks/create/")
    page.locator("input[name=name]").fill("ledger")
    page.locator("select[name=key]").select_option(label=key)
    alice.go_on(re.compile(rf"/disks/create/{ID}/$"))
    alice.send()
    page.wait_for_url(re.compile(rf"/disks/{ID}/$"))
    becomes(alice, page.url.removeprefix(alice.url), "available")


def make_object(alice: Visitor, file: Path) -> None:
    page = alice.open("/buckets/create/")
    page.locator("input[name=name]").fill("reports-of-the-payment-service")
    alice.send()
    page.wait_for_url(re.compile(rf"/buckets/{ID}/$"))
    alice.open(f"{page.url.removeprefix(alice.url)}upload/")
    page.locator("input[type=file]").set_input_files(file)
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_url(re.compile(rf"/buckets/{ID}/(\?|$)"))


def make_vault(alice: Visitor, name: str) -> None:
    alice.open("/vaults/create/").locator("input[name=name]").fill(name)
    alice.send()
    alice.page.wait_for_url(re.compile(rf"/vaults/{ID}/$"))


def make_full_image(alice: Visitor, server: str) -> str:
    """Of the running server, by a backup in a new vault. Returns its ID."""
    make_vault(alice, "daily")
    page = alice.open("/images/create/full-ecs/from-server/")
    page.locator(f"input[name=server][value='{server}']").check()
    page.locator("input[name=name]").fill("whole-web-1")
    alice.go_on(re.compile(rf"/full-ecs/from-server/{ID}/$"))
    alice.send()
    page.wait_for_url(re.compile(rf"/images/{ID}/$"))
    image = page.url.rstrip("/").rsplit("/", 1)[1]
    page.locator("details.fold:has(a[href*='/backups/']) > summary").click()
    page.locator("main a[href*='/backups/']:not([href$='/backups/'])").first.click()
    page.wait_for_url(re.compile(rf"/backups/{ID}/$"))
    becomes(alice, page.url.removeprefix(alice.url), "available")
    return image


def make_image(alice: Visitor, file: Path, name: str) -> None:
    half_filled_import(alice, file, name)
    alice.send()
    alice.page.wait_for_url(re.compile(rf"/images/{ID}/$"))
    becomes(alice, alice.page.url.removeprefix(alice.url), "active")


def throw_away(alice: Visitor) -> None:
    """Delete the image whose page is open: it then lies in the trash."""
    alice.open(f"{alice.page.url.removeprefix(alice.url)}delete/")
    alice.send("main .confirm button[type=submit]")


def refuse_file(alice: Visitor, path: Path) -> None:
    """A file that says it is a VMDK and is not: kept among the uploads, with its reason."""
    path.write_bytes(b"this is no disk\n" * 4096)
    upload(alice, path, "vmdk")
    alice.page.wait_for_load_state("load")
    alice.page.locator(".invalid-feedback, [role=alert]").first.wait_for()
    alice.troubles.clear()  # the browser complains of the refusal


def share_and_receive(alice: Visitor, file: Path) -> list[str]:
    """Carol, of another account, offers three images: one is accepted, one rejected, one waits. Alice offers her one.

    Returns the pages about them.
    """
    browser = alice.page.context.browser
    assert browser is not None
    carol = new_visitor(browser, alice.url, locale="en-US")
    carol.sign_in("carol")
    ours, theirs = project_of(alice), project_of(carol)
    received = []
    for name in ("golden-image-of-globex", "an-old-one-of-globex", "waits-for-an-answer"):
        make_image(carol, file, name)
        received.append(carol.page.url.rstrip("/").rsplit("/", 1)[1])
        share(carol, received[-1], ours)
    alice.open("/sharing/").locator(f"tr:has-text('{received[0]}') form[action$='/accept/'] button").click()
    alice.page.wait_for_url(f"**/images/{received[0]}/")
    alice.open(f"/images/{received[1]}/reject/")
    alice.send("main .confirm button[type=submit]")
    page = alice.open("/images/?tab=private&q=data-of-web-1")
    page.get_by_role("link", name="data-of-web-1", exact=True).first.click()
    page.wait_for_url(re.compile(rf"/images/{ID}/$"))
    own = page.url.rstrip("/").rsplit("/", 1)[1]
    result = share(alice, own, theirs)
    carol.open("/sharing/").locator(f"tr:has-text('{own}') form[action$='/accept/'] button").click()
    carol.page.wait_for_url(f"**/images/{own}/")
    carol.page.context.close()
    return [
        f"/images/{received[0]}/", result, *(f"/images/{own}/{page}/" for page in ("members", "stop-sharing", "delete")),
        f"/images/{own}/?section=history", "/sharing/?tab=pending",
    ]  # fmt: skip


def project_of(visitor: Visitor) -> str:
    """The ID that is shown on the page of the visitor's project."""
    return (visitor.open("/project/").locator("main code[data-copy]").first.text_content() or "").strip()


def share(visitor: Visitor, image: str, projects: str) -> str:
    """Offer an image; returns the address of the page that says how it ended."""
    page = visitor.open(f"/images/{image}/share/")
    page.locator("textarea[name=projects]").fill(projects)
    visitor.go_on("**/confirm/")
    visitor.send()
    page.wait_for_url(re.compile(rf"/images/share/{ID}/$"))
    return page.url.removeprefix(visitor.url)


def confirmation(alice: Visitor, path: str, *, stop: bool = False) -> str:
    """Fill in the form of a change of system; returns the address of its confirmation."""
    page = alice.open(path)
    for box in page.locator("input[type=checkbox][name=stop_first]").all() if stop else []:
        box.check()
    page.locator("input[name=login][value=key]").check()
    page.locator("select[name=key_pair]").select_option(index=1)
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_load_state("load")
    return page.url.removeprefix(alice.url)


def change_os(alice: Visitor, server: str) -> str:
    """Give a stopped server another system: its page then offers the undo."""
    page = alice.open(f"/servers/{server}/change-os/")
    page.locator("input[name=image][type=radio]:not([disabled])").last.check()
    page.locator("input[name=login][value=key]").check()
    page.locator("select[name=key_pair]").select_option(index=1)
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_url(re.compile(rf"/change-os/{ID}/$"))
    alice.send()
    becomes(alice, f"/servers/{server}/", "running")
    return server
