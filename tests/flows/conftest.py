"""A running console, and browsers to drive it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.console import CHROMIUM, Console, running_console, wait_for
from tests.support.visitor import Visitor, new_visitor

SESSION = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from imsconsole.accounts.models import User
user, session = User.objects.get(username={name!r}), SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session.save()
print(session.session_key)
"""
CHECK = """
from django.core.management import CommandError, call_command
from imsconsole.cloud.servers.reconcile import reconcile_all
reconcile_all()  # the clock would, some seconds after the last guest was cut off
try:
    call_command("check_store")
except CommandError as error:
    print(error)
"""


@pytest.fixture(scope="package")
def console() -> Iterator[Console]:
    """The demo, with web server and workers in a process tree of its own; in the end its store is what its rows say."""
    with running_console() as running:
        yield running
        wait_for(lambda: "is running" not in running.python(CHECK), "a guest that was cut off runs on")
        checked = running.python(CHECK)
        assert "clean" in checked, checked


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, **CHROMIUM}


@pytest.fixture
def visitor(browser: Browser, console: Console) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visitor(java_script_enabled=False, locale="zh-CN", …)`."""
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(replace(new_visitor(browser, console.url, **options), session_of=session_of))
        return made[-1]

    def session_of(name: str) -> str:
        """As signing in makes it, which costs a second: two journeys do that."""
        return console.python(SESSION.format(name=name)).strip()

    yield make
    for one in made:
        one.page.context.close()
    console.cut_power()
