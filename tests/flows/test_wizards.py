"""Every wizard in three ways: in place with htmx, by the keyboard alone, and without scripts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.flows.steps import becomes, choose_login
from tests.flows.test_change_os import A, public_image
from tests.images.create.importing import make_disks
from tests.support.console import Console
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
        for _ in range(80):
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
    def in_place(self) -> Iterator[None]:
        """What happens inside does not load the page anew, where scripts run."""
        if self.visitor.scripts:
            self.page.evaluate("window.stays = true")
            self.page.evaluate(SETTLES)
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


@pytest.mark.slow(reason="a browser walks through three wizards")
def test_an_image_is_imported_copied_and_shared(walker: Walker, console: Console, tmp_path: Path) -> None:
    image = imported(walker, make_disks(tmp_path) / "disk.raw")
    becomes(walker.visitor, image, "active")
    copied(walker, image)
    shared(walker, image, console)


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


@pytest.mark.guest
@pytest.mark.slow(reason="a browser walks through two wizards, and a guest starts")
def test_a_server_and_a_disk_are_created(walker: Walker, console: Console) -> None:
    created_server(walker, public_image(walker.visitor, A, "bios"))
    created_disk(walker)


def created_server(walker: Walker, image: str) -> None:
    """What depends on each other is drawn again in place, also on a page that has come in place itself."""
    page = walker.visitor.open(f"/servers/create/?image={image}")
    choose_login(page)
    walker.fill("name", "no name")
    walker.refused("name")
    with walker.in_place():
        walker.fill("data_disks", "1")
        if walker.visitor.scripts:
            page.keyboard.press("Tab") if walker.way == "keyboard" else page.locator(
                "[name=data_disks]"
            ).blur()
        else:
            page.locator("#launch-choices button[value=refresh]").click()
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
    walker.go_on(re.compile(r"/disks/create/[0-9a-f-]{36}/$"))
    walker.finish(r"/disks/[0-9a-f-]{36}/$")
