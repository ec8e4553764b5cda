"""One image of many: searched for, found on a later page, chosen, and what is chosen stays; by the keyboard alone."""

import json
import re
import textwrap
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.flows.steps import choose_login
from tests.flows.test_wizards import CONFIRM, Walker, by_keys, walker  # noqa: F401
from tests.support.console import Console

pytestmark = [pytest.mark.browser]
FURNISH = """
    import json
    from tests import factories
    from images.models import Image
    from imsconsole.accounts.models import Project
    project = Project.objects.get(name="acme-cn-north-4")
    long = "很长的名称-with-a-very-long-name-that-goes-on-and-on-until-it-is-as-long-as-names-may-be-"
    names = [f"many-{number:02}" for number in range(60)] + [long + "x" * (128 - len(long))]
    Image.objects.filter(project=project, name__in=names).delete()
    print(json.dumps({name: str(factories.ImageFactory(project=project, region=project.region, name=name).pk) for name in names}))
"""
CLEAR = "from images.models import Image; Image.objects.filter(pk__in={ids}).delete()"
# as soon as the page shows what was chosen before
CHOOSES_AGAIN = """id => document.addEventListener(
    "htmx:afterSwap", () => setTimeout(() => document.getElementById(id).click()), { once: true })"""
FOUND = "#id_image-found input[type=radio]"


@pytest.fixture
def images(console: Console) -> Iterator[dict[str, str]]:
    """Their IDs by name, the newest last."""
    ids = json.loads(console.python(textwrap.dedent(FURNISH)).splitlines()[-1])
    yield ids
    console.python(CLEAR.format(ids=list(ids.values())))


def search(walker: Walker, word: str, *, enter: bool = False) -> None:  # noqa: F811
    """As one types; Enter behind the word is as good."""
    walker.fill("image_q", word)
    if enter:
        walker.page.keyboard.press("Enter")
        walker.page.wait_for_timeout(0)


@by_keys
@pytest.mark.slow(reason="a browser walks through a wizard")
def test_an_image_is_searched_for_chosen_and_kept(walker: Walker, images: dict[str, str]) -> None:  # noqa: F811
    page, said = walker.page, walker.page.locator("#id_image-found-said")
    walker.visitor.open("/servers/create/?tab=private")
    expect(page.locator(FOUND)).to_have_count(26)  # with the one that was chosen before
    walker.press("#id_image-found button")
    expect(page.locator(FOUND)).to_have_count(51)
    walker.visitor.look()
    search(walker, "any-0")
    expect(page.locator(FOUND)).to_have_count(11)
    expect(said).to_contain_text("10")
    walker.visitor.look()

    chosen = page.locator(f"#image-{images['many-07']}")
    walker.tab_to(page.locator(f"{FOUND}:checked"))
    while not chosen.is_checked():
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(0)
    choices = page.locator("#launch-choices")
    expect(choices).to_contain_text(re.compile("(Chosen image|已选镜像).*many-07"))
    chosen = page.locator(f"#image-{images['many-05']}")
    page.evaluate(CHOOSES_AGAIN, chosen.get_attribute("id"))
    page.keyboard.press("ArrowDown")
    expect(choices).to_contain_text(re.compile("(Chosen image|已选镜像).*many-05"))
    search(walker, "no such image", enter=True)
    expect(page.locator(FOUND)).to_have_count(1)
    expect(chosen).to_be_checked()
    expect(said).to_contain_text("no such image")
    walker.visitor.look()

    walker.fill("name", "picked")
    choose_login(page)
    walker.go_on(CONFIRM)
    expect(page.locator("form.wizard")).to_contain_text("many-05")
