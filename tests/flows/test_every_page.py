"""Every page that links lead to, in both languages, widths and themes: nothing for axe, nothing cut off, no word in the wrong language."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.sitemap import places, troubles_of
from tests.support.stage import set_stage
from tests.support.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest, pytest.mark.xdist_group("console")]

MOST_BYTES = 120 * 1024  # over the wire, scripts and styles included
LOOKS = (
    {"locale": "zh-CN", "color_scheme": "light"},
    {"locale": "en-US", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
)


def test_every_page_can_be_read_by_everybody(
    visitor: Callable[..., Visitor], console: Console, tmp_path: Path
):
    alice = visitor(locale="en-US")
    alice.sign_in("alice")
    found = places(alice.page, alice.url, ("/", *set_stage(alice, tmp_path)))
    assert len(found) > 30

    troubles = []
    for look in LOOKS:
        reader = visitor(**look)
        reader.sign_in("alice")
        for place in found:
            reader.page.goto(reader.url + place.path)
            reader.troubles.clear()  # a page that is not there is one of them
            reader.look()
            troubles += [f"{place.path}: {one}" for one in troubles_of(reader.page, look["locale"])]
    assert troubles == []


@pytest.mark.parametrize("path", ["/", "/images/?tab=public", "/servers/create/"])
def test_the_first_page_comes_in_at_most_120_kb(path: str, visitor: Callable[..., Visitor]):
    bob = visitor()
    bob.sign_in("bob")
    network = bob.page.context.new_cdp_session(bob.page)
    network.send("Network.enable")
    network.send("Network.clearBrowserCache")
    came: list[float] = []
    network.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    bob.page.goto(bob.url + path, wait_until="networkidle")
    assert 0 < sum(came) <= MOST_BYTES
