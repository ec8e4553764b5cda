"""The wizards in three ways: in place with htmx, by the keyboard alone, and without scripts. They share one form and one script."""

import json
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.engine.guests import tiny_disk
from tests.flows.steps import becomes, choose_login
from tests.support.console import Console
from tests.support.sweep import some
from tests.support.visitor import SETTLES, Visitor

pytestmark = [pytest.mark.browser]
NEXT = "form.wizard .form-actions button[type=submit]"
BACK = "form.wizard .form-actions a.btn-outline-secondary"
CONFIRM = re.compile(r"/servers/create/[0-9a-f-]{36}/$")
NARROW = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
WAYS: dict[str, dict[str, Any]] = {
    "htmx": {"locale": "zh-CN"},
    "keyboard": {"locale": "en-US", **NARROW},
    "plain": {"locale": "en-US", "java_script_enabled": False},
}
by_keys = pytest.mark.parametrize("walker", ["keyboard"], indirect=True)


@dataclass
class Walker:
    """Somebody who goes through a wizard in one of the ways."""

    visitor: Visitor
    way: str

    @property
    def page(self) -> Page:
        return self.visitor.page

    def fill(self, name: str, text: str) -> None:
        field = self.page.locator(f"form.wizard [name='{name}']")
        if self.way != "keyboard":
            field.fill(text)
            return
        self.tab_to(field)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.type(text)

    def tab_to(self, place: Locator) -> None:
        """With the Tab key, as far as it takes."""
        expect(place).to_be_visible()
        for _ in range(200):
            if place.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{place} cannot be reached at {self.page.url}")

    def press(self, button: str = NEXT) -> None:
        place = self.page.locator(button).first
        if self.way == "keyboard":
            self.tab_to(place)
            self.page.keyboard.press("Enter")
        else:
            place.click()

    @contextmanager
    def in_place(self, part: str = "main") -> Iterator[None]:
        """What happens inside changes a part of the page and does not load it anew, where scripts run."""
        if self.visitor.scripts:
            self.page.evaluate("window.stays = true")
            self.page.evaluate(SETTLES, part)
        yield
        if self.visitor.scripts:
            assert self.page.evaluate("window.stays && settled"), f"{self.page.url} was loaded anew"
        self.visitor.look()

    def go_on(self, url: str | re.Pattern[str], button: str = NEXT) -> None:
        with self.in_place():
            self.press(button)
            self.page.wait_for_url(url)

    def refused(self, field: str) -> None:
        """Nothing is lost: what is wrong is said above the form, has the focus, and leads to the field."""
        url = self.page.url
        with self.in_place():
            self.press()
            expect(self.page.locator("#error-summary")).to_be_visible()
        assert self.page.url == url
        link = self.page.locator("#error-summary a").first
        assert self.page.locator(f"[name='{field}']").get_attribute("id") == link.get_attribute("href")[1:]
        if self.visitor.scripts:
            assert self.page.evaluate("document.activeElement.id") == "error-summary"
            expect(self.page.locator(f"[name='{field}']")).to_be_in_viewport()

    def finish(self, url: str) -> str:
        """The last button; then the back button of the browser, which leads to what was made. Its address."""
        last = self.page.url
        self.press()
        self.page.wait_for_url(re.compile(url))
        made = self.page.url
        self.page.goto(last)  # as the back button asks for it
        assert self.page.url == made
        self.visitor.look()
        return made


@pytest.fixture(params=WAYS)
def walker(request, visitor) -> Walker:
    alice: Visitor = visitor(**WAYS[request.param])
    alice.sign_in("alice")
    return Walker(alice, request.param)


@by_keys
@pytest.mark.guest
@pytest.mark.slow(reason="a browser walks through five wizards, and a guest starts")
def test_whatever_is_made_by_a_wizard_is_made_by_keys_alone(
    walker: Walker, console: Console, tmp_path: Path
) -> None:
    image = imported(walker, tiny_disk(tmp_path / "disk.raw"))
    becomes(walker.visitor, image, "active")
    copied(walker, image)
    shared(walker, image, console)
    created_server(walker, image.strip("/").rpartition("/")[2])
    created_disk(walker)


@pytest.mark.slow(reason="a browser walks through two wizards")
@pytest.mark.parametrize("walker", ["plain"], indirect=True)
def test_a_wizard_needs_no_scripts_nor_does_what_is_made_on_its_way(walker: Walker, tmp_path: Path) -> None:
    """What else a person does without them is in the journeys of who has none: main, sharing, trash, export."""
    imported(walker, tiny_disk(tmp_path / "disk.raw"))
    created_disk(walker)


def imported(walker: Walker, disk: Path) -> str:
    """The address of the image."""
    page = walker.visitor.open("/images/create/")
    with walker.in_place():
        page.locator("input[type=file]").set_input_files(disk)
        walker.press()
        page.wait_for_url("**/details/")
    walker.fill("details-name", "no/name")
    walker.refused("details-name")
    walker.fill("details-name", f"walk {walker.way}")
    walker.go_on("**/confirm/")
    walker.go_on("**/details/", BACK)
    assert page.locator("[name=details-name]").input_value() == f"walk {walker.way}"
    page.locator("[name=details-name]").press("Enter")  # does what Next does
    page.wait_for_url("**/confirm/")
    return walker.finish(r"/images/[0-9a-f-]{36}/$").removeprefix(walker.visitor.url)


def copied(walker: Walker, image: str) -> None:
    walker.visitor.open(f"{image}copy/")
    walker.go_on("**/target/")
    walker.fill("target-name-0", "")
    walker.refused("target-name-0")
    walker.fill("target-name-0", f"copy {walker.way}")
    walker.go_on("**/confirm/")
    walker.finish(r"/images/[0-9a-f-]{36}/$")


def shared(walker: Walker, image: str, console: Console) -> None:
    words = "from imsconsole.accounts.models import Project as P; print(P.objects.get(name='globex-cn-north-4').pk)"
    other = console.python(words).split()[-1]
    walker.visitor.open(f"{image}share/")
    walker.refused("projects")
    walker.fill("projects", other)
    walker.go_on("**/confirm/")
    expect(walker.page.locator("#share-lines .share-yes")).to_have_count(1)
    walker.finish(r"/images/share/[0-9a-f-]{36}/$")
    expect(walker.page.locator(".share-yes")).to_have_count(1)


def created_server(walker: Walker, image: str) -> None:
    """What depends on each other is drawn again in place, also on a page that has come in place itself."""
    page = walker.visitor.open(f"/servers/create/?image={image}")
    choose_login(page)
    walker.fill("name", "no name")
    walker.refused("name")
    with walker.in_place("launch-choices"):
        walker.fill("data_disks", "1")
        page.keyboard.press("Tab")
        expect(page.locator("[name=data_disk_1]")).to_have_count(1)
    walker.fill("data_disk_1", "1")
    walker.fill("name", f"walk-{walker.way}")
    choose_login(page)
    walker.go_on(CONFIRM)
    expect(page.locator("form.wizard")).to_contain_text(f"walk-{walker.way}")
    walker.go_on("**/servers/create/?draft=*", BACK)
    assert page.locator("[name=data_disk_1]").input_value() == "1"
    assert page.locator("[name=password]").input_value() == ""
    choose_login(page)
    with walker.in_place():
        page.locator("[name=name]").press("Enter")  # does what Next does
        page.wait_for_url(CONFIRM)
    walker.finish(r"/servers/[0-9a-f-]{36}/$")


def created_disk(walker: Walker) -> None:
    walker.visitor.open("/disks/create/")
    walker.fill("name", "no name")
    walker.refused("name")
    walker.fill("name", f"walk-{walker.way}")
    walker.fill("size_gb", "2")
    key = created_on_the_way(walker, "key", f"walk-{walker.way}")
    assert walker.page.locator("[name=name]").input_value() == f"walk-{walker.way}"
    assert walker.page.locator("[name=size_gb]").input_value() == "2"
    expect(walker.page.locator("[name=key] option:checked")).to_contain_text(key)
    walker.go_on(re.compile(r"/disks/create/[0-9a-f-]{36}/$"))
    walker.finish(r"/disks/[0-9a-f-]{36}/$")


def created_on_the_way(walker: Walker, what: str, name: str) -> str:
    """What the form misses, on a page of its own; then back."""
    page, form = walker.page, walker.page.url.partition("?")[0]
    walker.press(f"button[formaction*='what={what}']")
    page.wait_for_url("**/create/?for=*")
    walker.visitor.look()
    page.locator("main form [name=name]").fill(name)
    walker.press("main form.card .form-actions button[type=submit]")
    page.wait_for_url(f"{form}?kept=*")
    walker.visitor.look()
    return name


# the others, as far as their last page: what they make is looked at in journeys of their own ---------------

FURNISH = """
    import json
    from tests import factories
    from tests.market.selling import publisher
    from imsconsole.accounts.actor import actor_for
    from imsconsole.accounts.models import Project, User
    from imsconsole.cloud.models import Flavor
    project = Project.objects.get(name="acme-cn-north-4")
    zone, flavor = project.region.zones.first(), Flavor.objects.filter(hidden=False).order_by("memory_mb", "pk").first()
    image = factories.ImageFactory(project=project, region=project.region, name="walked", os_version=None)
    factories.ImageDiskFactory(image=image)
    iso = factories.ImageFactory(project=project, region=project.region, name="walked-iso", type="iso")
    server = factories.ServerFactory(project=project, zone=zone, flavor=flavor, image=image, name="walked", ref="none",
        private_ip="192.168.99.99")
    factories.DiskFactory(server=server, role="system", image=image, ref="none")
    backup = factories.BackupFactory(project=project, zone=zone, flavor=flavor, image=image)
    factories.BackupDiskFactory(backup=backup)
    bucket = factories.BucketFactory(project=project, name="walked-bucket")
    publisher(actor_for(User.objects.get(username="alice"), project))
    print(json.dumps({name: str(row.pk) for name, row in
        {"image": image, "iso": iso, "server": server, "backup": backup, "vault": backup.vault, "bucket": bucket}.items()}))
"""
CLEAR = """
    from images.models import Image
    from imsconsole.cloud.models import Backup, Bucket, Disk, Server, StoredBytes, Vault
    from market.models import Publisher
    Publisher.objects.filter(account__projects__name="acme-cn-north-4", listings=None).delete()
    Disk.objects.filter(server=ids["server"]).delete()
    Server.objects.filter(pk=ids["server"]).delete()
    Backup.objects.filter(pk=ids["backup"]).delete()
    Vault.objects.filter(pk=ids["vault"]).delete()
    Bucket.objects.filter(pk=ids["bucket"]).delete()
    Image.objects.filter(pk__in=[ids["image"], ids["iso"]]).delete()
    StoredBytes.objects.filter(ref__startswith="stored-").delete()
"""
LISTING = {"version": "1.0", "title": "Walked", "summary": "Ready", "support": "me@acme.test", "terms": "Any"}
# the first page, and what has to be filled in there
FIRST_PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "capture": ("/images/create/from-server/?server={server}", {}),
    "full": ("/images/create/full-ecs/from-server/?server={server}", {"name": "walked whole"}),
    "full of a backup": ("/images/create/full-ecs/from-backup/?backup={backup}", {"name": "walked whole"}),
    "export": ("/images/{image}/export/", {"name": "walked"}),
    "change OS": ("/servers/{server}/change-os/?image={image}", {}),
    "reinstall OS": ("/servers/{server}/reinstall-os/", {}),
    "install": ("/images/{iso}/install/", {"name": "walked-install"}),
    "restore": ("/backups/{backup}/restore-to-new/", {"name": "walked-again"}),
    "publish": ("/market/listings/create/?image={image}", LISTING),
}


@pytest.fixture
def rows(console: Console) -> Iterator[dict[str, str]]:
    """A server, an ISO image, a backup and a bucket without bytes, of an account that may publish."""
    ids = json.loads(console.python(textwrap.dedent(FURNISH)).splitlines()[-1])
    yield ids
    console.python(f"ids = {ids!r}\n{textwrap.dedent(CLEAR)}")


@pytest.mark.slow(reason="a browser walks through wizards")
@pytest.mark.parametrize("walker", ["htmx"], indirect=True)
def test_other_wizards_are_walked_to_their_last_page_and_back(walker: Walker, rows: dict[str, str]) -> None:
    """They are one template and one script: `tests/house/test_wizards.py` says of each what its form has for them."""
    for url, typed in some([*FIRST_PAGES.values()]):
        to_the_end_and_back(walker, url.format(**rows), typed)
    walker.visitor.open("/servers/")
    walker.page.locator(f"input[name=pick][value='{rows['server']}']").check()
    walker.press("button[formaction$='/servers/change-os/']:visible")
    walker.page.wait_for_url(re.compile(r"/servers/change-os/[0-9a-f-]{36}/$"))
    walker.page.goto(f"{walker.page.url}?image={rows['image']}")
    to_the_end_and_back(walker, "", {})


def to_the_end_and_back(walker: Walker, url: str, typed: dict[str, str]) -> None:
    """What was filled in is still there, and Enter goes on."""
    page = walker.visitor.open(url) if url else walker.page
    fill_in(walker, typed)
    step = page.locator("form.wizard").get_attribute("id")
    steps = page.locator(".steps li").count()
    while page.locator(".steps li").nth(steps - 1).get_attribute("aria-current") is None:
        step = page.locator("form.wizard").get_attribute("id")
        walker.go_on(re.compile(f"^(?!{re.escape(page.url)}$)"))
    walker.go_on(re.compile(f"^(?!{re.escape(page.url)}$)"), BACK)
    assert page.locator("form.wizard").get_attribute("id") == step
    for name, text in typed.items():
        expect(page.locator(f"form.wizard [name='{name}']")).to_have_value(text)


def fill_in(walker: Walker, typed: dict[str, str]) -> None:
    for name, text in typed.items():
        walker.fill(name, text)
    if walker.page.locator("input[name=login]").count():
        choose_login(walker.page)
    if walker.page.locator("select[name=category]").count():
        walker.page.locator("select[name=category]").select_option("web")
    if walker.page.locator("input[name=unit][value=free]").count():
        walker.page.locator("input[name=unit][value=free]").check()
