"""A running console, and browsers to drive it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.console import CHROMIUM, Console, running_console
from tests.support.visitor import Visitor, new_visitor

RECONCILE = "from imsconsole.cloud.servers.reconcile import reconcile_all; reconcile_all()"


@pytest.fixture(scope="package")
def console() -> Iterator[Console]:
    """The demo, with web server and workers in a process tree of its own; in the end its store is what its rows say."""
    with running_console() as running:
        yield running
        running.python(RECONCILE)  # the clock would, some seconds after the last guest was cut off
        assert "clean" in running.manage("check_store")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, **CHROMIUM}


@pytest.fixture
def visitor(browser: Browser, console: Console) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visitor(java_script_enabled=False, locale="zh-CN", …)`."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(new_visitor(browser, console.url, **options))
        return made[-1]

    yield make
    for one in made:
        one.page.context.close()
    console.cut_power()
