"""The catalogue at work: found by typing, chosen over pages, kept as a view; by keyboard alone and without scripts."""

import re
import textwrap
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Console
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser]
LIST = "/images/?tab=private"
MAKE = """
    from images.models import Image
    from imsconsole.accounts.actor import projects_of
    from imsconsole.accounts.models import User
    project = projects_of(User.objects.get(username="alice"))[0]
    for number in range(1, 13):
        Image.objects.create(
            project=project, region=project.region, name=f"{prefix}-{number:02}", status="active",
            protected=number == 3,
        )
"""


def make_images(console: Console, prefix: str) -> None:
    """Twelve images of Alice's project without bytes; the third is protected."""
    console.python(f"prefix = {prefix!r}\n{textwrap.dedent(MAKE)}")


def names(page: Page) -> list[str]:
    page.wait_for_load_state()
    return page.locator("tbody tr td:nth-child(2) > a").all_inner_texts()


def test_images_are_found_chosen_over_pages_and_deleted(visitor: Callable[..., Visitor], console: Console):
    make_images(console, "many")
    alice = visitor(locale="en-US")
    page = alice.sign_in("alice")
    alice.open(f"{LIST}&per_page=10&sort=name")
    page.locator("#filters input[name=q]").press_sequentially("many-")
    expect(page.locator("#list-count")).to_have_text("12 images")
    expect(page).to_have_url(re.compile(r"/images/\?q=many-&tab=private&per_page=10&sort=name$"))

    for name in ("many-01", "many-03"):
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("link", name="Next page").click()
    page.get_by_label("Select many-12").check()
    bar = page.locator("#selection")
    delete, kept_back = (
        bar.get_by_role("button", name="Delete 2 of 3"),
        bar.get_by_text("This image is protected"),
    )
    expect(delete).to_be_visible()
    expect(kept_back).to_be_hidden()
    delete.hover()
    expect(kept_back).to_be_visible()
    alice.look()
    page.keyboard.press("Escape")
    expect(kept_back).to_be_hidden()
    page.get_by_role("link", name="Previous page").click()
    expect(page.get_by_label("Select many-01")).to_be_checked()
    expect(page.get_by_label("Select many-02")).not_to_be_checked()

    delete.click()
    expect(page.locator("h1")).to_have_text("Delete 2 images?")
    alice.look()
    page.get_by_role("button", name="Delete 2 images").click()
    expect(page.get_by_text("2 images have been deleted")).to_be_visible()
    assert "many-01" not in names(page)
    assert "many-03" in names(page)
    # what is no more is forgotten, what stayed is still chosen
    expect(bar).to_contain_text("1 selected")
    see_what_is_chosen_elsewhere(page, bar)

    bar.get_by_role("button", name="Select all 10 of the list").click()
    expect(bar.get_by_role("button", name="Delete 9 of 10")).to_be_visible()
    expect(page.get_by_label("Select all rows of this page")).to_be_checked()
    bar.get_by_role("button", name="Clear selection").click()
    expect(bar).to_be_empty()


def see_what_is_chosen_elsewhere(page: Page, bar: Locator) -> None:
    """many-03 is chosen; a filter that hides it leaves it chosen, and says so."""
    search = page.locator("#filters input[name=q]")
    expect(bar.get_by_text("not on this page")).to_have_count(0)
    search.fill("many-1")
    page.get_by_label("Select many-11").check()
    expect(bar).to_contain_text("2 selected")
    bar.get_by_text("1 is not on this page").click()
    expect(bar.get_by_role("link", name="many-03")).to_be_visible()
    bar.get_by_role("button", name="Clear this one").click()
    expect(bar).to_contain_text("1 selected")
    expect(bar.get_by_text("not on this page")).to_have_count(0)
    search.fill("many-0")
    expect(bar.get_by_text("1 is not on this page")).to_be_visible()
    search.fill("many-")
    expect(bar.get_by_text("not on this page")).to_have_count(0)


def test_a_view_is_saved_opened_and_deleted_and_columns_are_chosen(
    visitor: Callable[..., Visitor], console: Console
):
    make_images(console, "views")
    alice = visitor(locale="en-US", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = alice.sign_in("alice")
    alice.open(LIST)
    page.get_by_text("Filters", exact=True).click()
    page.locator("select[name=boot]").select_option("uefi")
    page.locator("input[name=tag]").fill("env=prod")
    page.locator("input[name=tag]").press("Enter")
    expect(page.locator(".chip")).to_have_count(2)
    alice.look()
    page.get_by_text("Save view").click()
    page.get_by_label("Name of the view").fill("UEFI in production")
    page.get_by_label("Share it with everybody in the project").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".view[aria-current]")).to_have_text(re.compile("UEFI in production"))

    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Boot mode", exact=True).last.check()
    page.get_by_role("button", name="Apply").click()
    alice.open(LIST)
    expect(page.get_by_role("cell", name="Boot mode").first).to_be_visible()

    page.get_by_role("link", name="Manage views").click()
    alice.look()
    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.locator("dialog h2")).to_have_text("Delete the view UEFI in production?")
    page.get_by_role("button", name="Delete view").click()
    expect(page.get_by_text("No saved views yet")).to_be_visible()
    alice.look()


def test_the_list_is_worked_by_keys_alone(visitor: Callable[..., Visitor], console: Console):
    make_images(console, "keys")
    alice = visitor(locale="en-US")
    page = alice.sign_in("alice")
    alice.open(f"{LIST}&q=keys-&per_page=10&sort=name")
    press, focused = page.keyboard.press, page.locator(":focus")

    press("ArrowDown")
    press("j")
    expect(focused).to_have_text("keys-02")
    press("x")
    expect(page.locator("#selection").get_by_role("button", name="Delete 1")).to_be_visible()
    page.get_by_role("link", name="keys-02", exact=True).focus()
    press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    alice.look()
    press("Escape")
    expect(focused).to_have_text("keys-02")
    press("d")
    expect(page.get_by_role("dialog", name="Delete keys-02?")).to_be_visible()
    press("Escape")
    page.get_by_role("link", name="keys-03", exact=True).focus()
    press("d")  # it is protected
    expect(focused).to_have_attribute("aria-disabled", "true")
    expect(focused).to_contain_text("protected")
    press("Escape")
    page.get_by_role("link", name="keys-02", exact=True).focus()
    press("e")
    expect(page.locator("h1")).to_contain_text("keys-02")
    assert page.url.endswith("/modify/")
    page.go_back()

    press("ArrowRight")
    expect(page.locator(".paging-total")).to_have_text("11–12 of 12")
    press("ArrowLeft")
    expect(page.locator(".paging-total")).to_have_text("1–10 of 12")
    press("f")
    expect(focused).to_have_attribute("name", "q")
    page.keyboard.type("keys-07")
    expect(page.locator("tbody tr")).to_have_count(1)
    press("ArrowDown")
    press("Enter")
    expect(page.locator("h1")).to_contain_text("keys-07")


def test_everything_is_searched_from_any_page_by_keyboard_and_without_scripts(
    visitor: Callable[..., Visitor], console: Console
):
    make_images(console, "sought")
    console.python(
        "from images.models import Image\nImage.objects.get(name='sought-04').tags.create(key='环境', value='prod')"
    )
    alice = visitor(locale="en-US")
    page = alice.sign_in("alice")
    focused, press = page.locator(":focus"), page.keyboard.press
    found = page.locator("#search-found a")
    alice.open("/help/")
    press("/")
    expect(focused).to_have_attribute("id", "search")
    page.keyboard.type("sought-/")
    expect(page.get_by_text("Nothing has “sought-/”")).to_be_visible()
    press("Backspace")
    expect(found).to_have_count(6)  # five, and the way to the list
    alice.look()
    press("Escape")
    expect(found.first).to_be_hidden()
    press("/")
    page.keyboard.type("环境=prod")
    expect(found).to_have_count(1)
    press("ArrowDown")
    expect(focused).to_contain_text("sought-04")
    press("Enter")
    expect(page.locator("h1")).to_contain_text("sought-04")
    page.wait_for_load_state()  # keys are heard from then on

    press("/")
    page.keyboard.type("sought-0")
    press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?q=sought-0$"))
    alice.look()
    page.get_by_role("link", name="All of them in the list").click()
    expect(page.locator("#filters input[name=q]")).to_have_value("sought-0")

    bare = visitor(locale="zh-CN", java_script_enabled=False, viewport={"width": 390, "height": 844})
    bare.sign_in("alice")
    page = bare.open("/")
    page.get_by_role("link", name="搜索全部资源").click()
    page.get_by_role("searchbox").fill("sought-04")
    page.keyboard.press("Enter")
    bare.look()
    page.locator("#found a").first.click()
    expect(page.locator("h1")).to_contain_text("sought-04")


def test_a_list_that_cannot_be_fetched_says_so_and_leads_on(
    visitor: Callable[..., Visitor], console: Console
):
    make_images(console, "lost")
    alice = visitor(locale="en-US")
    page = alice.sign_in("alice")
    alice.open(f"{LIST}&q=lost-&sort=name")
    page.route("**/images/?*", lambda route: route.abort())
    page.locator("#filters input[name=q]").fill("lost-05")
    expect(page.get_by_text("The list could not be loaded.")).to_be_visible()
    assert len(names(page)) == 12

    page.unroute("**/images/?*")
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert names(page) == ["lost-05"]


def test_without_scripts_everything_is_there_a_page_at_a_time(
    visitor: Callable[..., Visitor], console: Console
):
    make_images(console, "other")
    make_images(console, "plain")
    alice = visitor(locale="en-US", java_script_enabled=False)
    page = alice.sign_in("alice")
    alice.open(f"{LIST}&sort=name")
    page.locator("#filters input[name=q]").fill("plain-")
    page.get_by_role("button", name="Query").click()
    assert len(names(page)) == 12

    for name in ("plain-02", "plain-03"):
        page.get_by_label(f"Select {name}").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export selected (CSV)").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["plain-02", "plain-03"]
    page.locator("#picked").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete 1 image").click()
    assert "plain-02" not in names(page)
    assert "plain-03" in names(page)

    page.get_by_role("link", name="Remove the filter Name or ID: plain-").click()
    page.wait_for_url(re.compile(r"^(?!.*[?&]q=)"))
    assert len(names(page)) > 11
