"""Takes a picture of every page: two widths, two themes, two languages. Ends with 1 when one looks wrong.

`make screenshots` writes them to `screenshots/`, one folder for each way of looking.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imsconsole.settings")

import django

django.setup()  # the names of addresses are asked; no database is
tempfile.tempdir = None  # what is the console's own no guest can reach

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.support.console import CHROMIUM, ROOT, running_console  # noqa: E402
from tests.support.sitemap import places, troubles_of  # noqa: E402
from tests.support.stage import set_stage  # noqa: E402
from tests.support.visitor import Visitor, new_visitor  # noqa: E402

INTO = ROOT / "screenshots"
WIDTHS = {1440: {"width": 1440, "height": 900}, 390: {"width": 390, "height": 844}}
LOOKS = list(product(WIDTHS, ("light", "dark"), ("zh-CN", "en-US")))


def main() -> int:
    troubles: list[str] = []
    with (
        running_console() as console,
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as folder,
    ):
        browser = playwright.chromium.launch(**CHROMIUM)
        unlinked = set_stage(console, Path(folder))
        for width, theme, language in LOOKS:
            options = {"viewport": WIDTHS[width], "color_scheme": theme, "locale": language}
            folder = INTO / f"{width}-{theme}-{language[:2]}"
            for who, beginning in (("alice", ("/", *unlinked)), ("admin", ("/admin/",))):
                visitor = new_visitor(browser, console.url, **options)
                visitor.sign_in(who)
                troubles += take(visitor, beginning, folder, language)
                visitor.page.context.close()
    sys.stdout.write("".join(f"{one}\n" for one in troubles) + f"{len(troubles)} troubles\n")
    return 1 if troubles else 0


def take(visitor: Visitor, beginning: Sequence[str], folder: Path, language: str) -> list[str]:
    """Photograph each place that links lead to from there; what is wrong with how it looks."""
    folder.mkdir(parents=True, exist_ok=True)
    troubles = []
    for place in places(visitor, *beginning):
        visitor.page.screenshot(path=folder / f"{place.name}.png", full_page=True)
        troubles += [f"{folder.name}/{place.name}: {one}" for one in troubles_of(visitor.page, language)]
    return troubles


sys.exit(main())
