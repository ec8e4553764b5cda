"""Workers find out what a host can do; pages read what is known."""

from pathlib import Path

import pytest

from imsconsole.cloud import hosts
from imsconsole.cloud.engines import forget_engines
from imsconsole.cloud.servers import clock
from imsconsole.engine.local import kvm, probe
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def answer(settings, monkeypatch):
    """Where the answer will lie on a host whose KVM runs no guest; nobody has asked yet."""
    settings.IMS_ACCELERATOR = "auto"
    monkeypatch.setattr(kvm, "KVM", Path("/dev/null"))
    monkeypatch.setattr(probe, "QEMU", "/bin/false")
    forget_engines()
    path = Path(settings.DATA_DIR, "regions", kvm.ANSWER)
    yield path
    path.unlink(missing_ok=True)
    forget_engines()


def test_no_page_asks(people, answer):
    assert client_of(people.bob).get("/servers/").status_code == 200
    assert hosts.host_of(people.bob.region).capabilities.accelerator == "unknown"
    assert not answer.exists()


def test_the_clock_asks(people, answer):
    work = next(periodic for periodic in clock.PERIODIC if periodic.name == "cloud.ask_hosts")
    work.function()
    assert hosts.host_of(people.bob.region).capabilities.accelerator == "tcg"
    assert answer.exists()
