"""What people do at a browser in more than one journey."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.support.console import Console, wait_for
from tests.support.stage import PUBLIC_KEY
from tests.support.visitor import Visitor

SECRET = "Flow-secret-1"
HERE, FAR = "acme-cn-north-4", "acme-cn-east-3"  # projects of one account in two regions
ROW = """
from images.models import Image
from imsconsole.accounts.actor import projects_of
from imsconsole.accounts.models import User
project = projects_of(User.objects.get(username="alice"))[0]
print(Image.objects.create(project=project, region=project.region, name={name!r}, status="active").pk)
"""


def import_file(alice: Visitor, disk: Path, name: str, *, key: str = "") -> str:
    """The wizard, encrypted with the key of that name; then the job until the image is Normal. Returns the image's ID."""
    page = alice.open("/images/create/")
    page.locator("input[type=file]").set_input_files(disk)
    page.locator("main form:not(.help-title) button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/details/$|/uploads/[0-9a-f-]{36}/$"))
    if "/uploads/" in page.url:  # what came by way of several hosts a worker examines
        page.get_by_role("link", name="Import image").click(timeout=120_000)
        page.get_by_role("button", name="Next", exact=True).click()
        page.wait_for_url("**/details/")
    alice.look()
    page.locator("input[name=details-name]").fill(name)
    if key:
        page.locator("input[name=details-encrypt]").check()
        page.locator("select[name=details-key]").select_option(label=key)
    alice.send()
    page.wait_for_url("**/confirm/")
    alice.send()
    image = made_image(alice)
    page = alice.open("/images/?tab=private")
    expect(page.locator("main")).to_contain_text(name)
    page = alice.open("/jobs/")
    expect(page.locator("main")).to_contain_text(name)
    return image


def image_row(console: Console, name: str) -> str:
    """The ID of an image of Alice's without bytes."""
    return console.python(ROW.format(name=name)).strip()


def create_server(
    alice: Visitor,
    image: str,
    name: str,
    *,
    key_pair: str = "",
    besides: Callable[[Visitor], None] = lambda _alice: None,
) -> str:
    """The order, with a data disk; its confirmation; the server's page. Returns the server's ID.

    `besides` does what else there is to do on the page of the order.
    """
    page = alice.open(f"/servers/create/?image={image}")
    page.locator("input[name=data_disks]").fill("1")
    if alice.scripts:
        page.locator("input[name=data_disks]").press("Tab")
    else:
        page.locator("button[name=action][value=refresh]").last.click()
    page.locator("input[name=data_disk_1]").fill("1")
    page.locator("input[name=name]").fill(name)
    choose_login(page, key_pair)
    besides(alice)
    if alice.scripts:  # what is typed stands in the summary that goes along
        expect(page.locator("#summary .facts").first).to_contain_text(name)
    alice.go_on(re.compile(r"/servers/create/[0-9a-f-]{36}/$"))
    alice.send()
    page.wait_for_url(re.compile(r"/servers/"))
    if not re.search(r"/servers/[0-9a-f-]{36}/$", page.url):
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_url(re.compile(r"/servers/[0-9a-f-]{36}/$"))
    server = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/servers/{server}/", "running")
    alice.look()
    return server


def choose_login(page: Page, key_pair: str = "") -> None:
    """A key pair by its name, or else a password."""
    if key_pair:
        page.locator("input[name=login][value=key]").check()
        page.locator("select[name=key_pair]").select_option(label=key_pair)
    else:
        page.locator("input[name=login][value=password]").check()
        page.locator("input[name=password]").fill(SECRET)
        page.locator("input[name=password_again]").fill(SECRET)


def status(page: Page, url: str) -> str:
    """The status on a thing's page, asked for anew; the browser stays where it is."""
    text = page.request.get(url, max_retries=3).text()
    found = re.search(r'<main.*? data-status="([^"]*)"', text, re.DOTALL)
    return found[1] if found else ""


def made_image(alice: Visitor) -> str:
    """The image on whose page one is, once it is Normal."""
    page = alice.page
    page.wait_for_url(re.compile(r"/images/[0-9a-f-]{36}/$"))
    image = page.url.rstrip("/").rsplit("/", 1)[1]
    becomes(alice, f"/images/{image}/", "active")
    return image


def becomes(visitor: Visitor, thing: str, expected: str, *, patience_s: float = 240) -> Page:
    """Wait until the page of a thing says that status; then look at it: the browser draws it only once."""
    url = visitor.url + thing
    visitor.page.goto("about:blank")  # a page that asks for news would be drawn again and again
    wait_for(lambda: status(visitor.page, url) == expected, f"{thing} does not become {expected}", patience_s)
    visitor.page.goto(url)
    return visitor.page


def ready_log(page: Page, url: str, server: str, times: int = 1) -> str:
    """The whole console log once the guest has said that often that it is ready."""
    text = page.request.get(f"{url}/servers/{server}/console.txt", max_retries=3).text()
    return text if text.count("IMS-GUEST ready") >= times else ""


def ready(alice: Visitor, server: str, times: int = 1) -> str:
    """The whole console log, waited for until the guest has said that often that it is ready; no page is left open."""
    alice.page.goto("about:blank")
    return str(
        wait_for(lambda: ready_log(alice.page, alice.url, server, times), "the guest is not ready", 240)
    )


def press(alice: Visitor, server: str, verb: str, expected: str) -> None:
    """Press a server's button, say yes to what it asks, and wait for what comes of it."""
    page = alice.open(f"/servers/{server}/")
    if verb == "start":
        page.locator(f"main form[action$='/servers/{server}/{verb}/'] button").first.click()
    else:
        link = page.locator(f"main a[href$='/servers/{server}/{verb}/']").first
        if link.is_visible():
            link.click()
        else:  # in the menu, which closes when the state changes meanwhile
            alice.open(f"/servers/{server}/{verb}/")
        say_yes(page)
    page.wait_for_load_state("load")
    becomes(alice, f"/servers/{server}/", expected)


def say_yes(page: Page) -> None:
    """Answer what is asked: in a dialog, or without scripts on a page of its own."""
    page.locator(".confirm button[type=submit]").click()


def give_agency(alice: Visitor, giver: str = FAR, grantee: str = HERE) -> None:
    """The project of the other region lets this one place images in it, unless it does already."""
    switch(alice, giver)
    page = alice.open("/project/")
    option = page.locator("select#agency-grantee option", has_text=grantee)
    if option.count():
        page.locator("select#agency-grantee").select_option(option.get_attribute("value"))
        page.locator("#agencies form[action*='/agencies/create/'] button").click()
        page.wait_for_load_state("load")
        alice.look()
    expect(page.locator("#agencies")).to_contain_text(grantee)
    switch(alice, grantee)


def switch(alice: Visitor, project: str) -> None:
    page: Page = alice.open("/")
    menu = page.locator("details.project-menu")
    menu.locator("summary").click()
    menu.locator("a", has_text=project).click()
    page.wait_for_load_state("load")
    expect(menu.locator("summary")).to_contain_text(project)


def stored_disks(console: Console, image: str) -> list[Path]:
    """The stored files of an image's disks, the system disk first."""
    words = f"from images.models import ImageDisk as D; print(*D.objects.filter(image='{image}').order_by('index').values_list('stored__ref', flat=True))"
    refs = console.python(words).strip().splitlines()[-1].split()
    return [next((console.data / "regions").glob(f"*/images/{ref}")) for ref in refs]


def assert_same_content(one: Path, other: Path) -> None:
    """As whoever reads the disks sees them; what one is larger is zero."""
    compare = ["qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", one, other]
    compared = subprocess.run(compare, capture_output=True, text=True, check=False)
    assert compared.returncode == 0, compared.stdout + compared.stderr


def import_key(visitor: Visitor, name: str) -> None:
    page = visitor.open("/keypairs/import/")
    page.locator("input[name=name]").fill(name)
    page.locator("textarea[name=public_key]").fill(PUBLIC_KEY)
    visitor.send()


def project_of(visitor: Visitor) -> str:
    """The ID that is shown on the page of the visitor's project."""
    return (visitor.open("/project/").locator("main code[data-copy]").first.text_content() or "").strip()
