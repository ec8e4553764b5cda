"""Two clocks charge at once, one in a process of its own, and a third is killed: no line comes twice, and none is missing."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from imsconsole.cloud.models import Server, SettledUsage
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.servers.usage import settled_until
from imsconsole.core import now as clock
from market.billing.ledger import settle_usage
from market.models import Charge
from tests.market.conftest import HOUR, look_at_servers
from tests.support.workers import until, worker_environment

pytestmark = [
    pytest.mark.slow(reason="processes load the console"),
    pytest.mark.django_db(transaction=True),
]
CLOCK = """
import pathlib, sys, time
from market.billing.ledger import settle_usage
there, go = map(pathlib.Path, {paths!r})
there.touch()
while not go.exists():
    time.sleep(0.001)
settle_usage()
"""


@pytest.fixture
def _long_ago() -> None:
    """In this process; the others have their own time."""
    clock.move(timedelta(hours=-42))


@pytest.fixture
def used(_long_ago: None, market: SimpleNamespace, priced: Any) -> None:
    """Servers that ran, stopped and ran, for forty hours."""
    priced("hour", "1", listing=market.listing, trial_days=1)
    priced("hour", "0.2", flavor=market.flavor)
    priced("gb-month", "0.7")
    servers = [market.run() for _ in range(20)]
    for status in (Server.Status.STOPPED, Server.Status.RUNNING) * 3:
        clock.move(5 * HOUR)
        for server in servers[::2]:
            change_status(server, status)
    clock.reset()
    look_at_servers()


def lines() -> list[Any]:
    fields = ("hour", "server", "price", "image", "project", "seconds", "unit_seconds", "amount")
    return sorted(map(repr, Charge.objects.values_list(*fields)))


def a_clock(folder: Path, number: int) -> "subprocess.Popen[bytes]":
    paths = [str(folder / f"there-{number}"), str(folder / "go")]
    shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", CLOCK.format(paths=paths)]
    return subprocess.Popen(shell, cwd=settings.BASE_DIR, env=worker_environment())


def test_two_clocks_and_one_that_is_killed_charge_what_one_charges(used: None, tmp_path: Path) -> None:
    begin = settled_until()
    settle_usage()
    alone, end = lines(), settled_until()
    assert end - begin >= 40 * HOUR
    assert len(alone) > 1000
    Charge.objects.all().delete()
    SettledUsage.objects.update(until=begin)

    clocks = [a_clock(tmp_path, number) for number in range(2)]
    until(lambda: len(list(tmp_path.glob("there-*"))) == len(clocks), "all have loaded the console")
    (tmp_path / "go").touch()
    until(lambda: Charge.objects.exists(), "they charge")
    os.kill(clocks[0].pid, signal.SIGKILL)
    settle_usage()
    assert [each.wait() for each in clocks] == [-signal.SIGKILL, 0]

    assert lines() == alone
    assert settled_until() == end
