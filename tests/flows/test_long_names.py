"""Names as long as they may be, without a place to break: every column stays in sight."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.flows.steps import image_row
from tests.support.console import Console
from tests.support.sitemap import troubles_of
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser]
RENAME = "from images.models import Image; Image.objects.filter(pk={pk!r}).update(name={name!r})"
FAIL = """
from images.models import Image
failed = {{"status": "killed", "error_code": "unexpected", "error_values": {{"reference": "4c27c5b0"}}}}
Image.objects.filter(pk={pk!r}).update(**failed)
"""


@pytest.mark.parametrize("width", [1440, 390])
def test_long_names_leave_every_column_in_sight(
    width: int, visitor: Callable[..., Visitor], console: Console
):
    first, second, third = (f"{width}{letter * 124}" for letter in "xyz")
    image = image_row(console, first)
    alice = visitor(
        locale="en-US",
        color_scheme="dark" if width == 390 else "light",
        viewport={"width": width, "height": 844},
    )
    page = alice.sign_in("alice")

    alice.open("/servers/create/?tab=private")
    expect(page.locator(".choices").first).to_contain_text(first)
    assert troubles_of(page, "en") == []

    alice.open(f"/images/{image}/modify/")
    console.python(RENAME.format(pk=image, name=second))
    page.locator("input[name=name]").fill(third)
    page.locator("#modify .form-actions button[type=submit]").click()
    expect(page.locator(".differences td")).to_have_count(4)
    assert troubles_of(page, "en") == []


def test_the_sentence_of_a_failed_image_leaves_every_column_in_sight(
    visitor: Callable[..., Visitor], console: Console
):
    image, _usable = (image_row(console, f"sentence-{number}") for number in (1, 2))
    console.python(FAIL.format(pk=image))
    alice = visitor(locale="zh-CN")
    page = alice.sign_in("alice")
    alice.open("/images/?tab=private&q=sentence-")
    expect(page.locator("tbody")).to_contain_text("4c27c5b0")
    assert troubles_of(page, "zh") == []
