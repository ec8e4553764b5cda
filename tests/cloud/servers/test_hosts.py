"""The clock asks what hosts can do; pages read what it wrote."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import Client

from imsconsole.cloud import hosts
from imsconsole.cloud.engines import engine_for, forget_engines
from imsconsole.cloud.models import RegionReport
from imsconsole.cloud.servers import clock
from imsconsole.core import now as time
from imsconsole.engine.local import kvm, probe
from imsconsole.engine.types import Capabilities, Space
from imsconsole.jobs.models import ClockEntry
from tests import factories
from tests.conftest import client_of
from tests.support.engines import UnreachableEngine, engine_of_region

pytestmark = pytest.mark.django_db
SILENCE = "does not answer."


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


def ask() -> None:
    next(periodic for periodic in clock.PERIODIC if periodic.name == "cloud.ask_hosts").function()


def later(by: timedelta) -> None:
    """A worker is there all the while."""
    time.move(by)
    ClockEntry.objects.update_or_create(
        name="a.clock", defaults={"due_at": time.now(), "started_at": time.now()}
    )


def test_the_clock_asks_whether_kvm_works_and_no_page_does(people, answer):
    RegionReport.objects.all().delete()
    assert client_of(people.bob).get("/servers/").status_code == 200
    assert hosts.host_of(people.bob.region).capabilities == Capabilities()
    assert not answer.exists()
    ask()
    assert hosts.host_of(people.bob.region).capabilities.accelerator == "tcg"
    assert answer.exists()


def test_what_an_engine_says_is_kept_whole(people):
    region = people.bob.region
    said, space = engine_for(region).capabilities(), Space(1, 2)
    assert said.formats
    with engine_of_region(region.code, SimpleNamespace(capabilities=lambda: said, free_space=lambda: space)):
        ask()
    host = hosts.host_of(region)
    assert (host.capabilities, host.space) == (said, space)
    with engine_of_region(region.code, SimpleNamespace(capabilities=lambda: said, free_space=lambda: None)):
        ask()
    assert hosts.host_of(region).space is None


def test_what_another_version_wrote_is_read_as_far_as_it_is_known(people):
    RegionReport.objects.update(can={"formats": ["raw"], "teleports": True})
    assert hosts.host_of(people.bob.region).capabilities == Capabilities(formats=frozenset({"raw"}))


def test_a_region_that_does_not_answer_keeps_what_it_said_and_the_others_are_asked(people):
    far = factories.RegionFactory(code="cn-east-3", name="East")
    before = hosts.host_of(people.bob.region)
    RegionReport.objects.update(answered_at=time.now() - timedelta(days=1))
    with engine_of_region(people.bob.region.code, UnreachableEngine()):
        ask()
    assert hosts.host_of(people.bob.region) == before
    silent, fresh = RegionReport.objects.get(pk=people.bob.region), RegionReport.objects.get(pk=far)
    assert "cannot be told" in silent.error_sentence
    assert fresh.error_sentence == ""
    assert list(RegionReport.objects.fresh()) == [fresh]
    ask()
    silent.refresh_from_db()
    assert silent.error_sentence == ""
    assert RegionReport.objects.fresh().count() == 2


def test_pages_say_that_their_region_is_silent(people):
    client = client_of(people.bob)
    later(timedelta(0))
    assert SILENCE not in client.get("/servers/").content.decode()
    later(timedelta(minutes=4))
    assert SILENCE in client.get("/servers/").content.decode()
    ask()
    assert SILENCE not in client.get("/servers/").content.decode()


def test_the_operator_is_told_which_region_is_silent_since_when_and_why(people, operator):
    admin = Client()
    admin.force_login(operator)
    later(timedelta(minutes=4))
    with engine_of_region(people.bob.region.code, UnreachableEngine()):
        ask()
    (concern,) = admin.get("/admin/").context["attention"].concerns
    assert (
        "Beijing4) has not answered since 20" in concern.sentence
        or "has not answered since" in concern.sentence
    )
    assert "cannot be told" in concern.sentence
    assert admin.get(concern.url).status_code == 200
    RegionReport.objects.all().delete()
    (concern,) = admin.get("/admin/").context["attention"].concerns
    assert "has never answered" in concern.sentence
