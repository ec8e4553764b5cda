"""A region whose cloud does not answer: it is named as such, and nobody else waits for it."""

from collections.abc import Callable

import pytest

from imsconsole.accounts.models import Region
from imsconsole.cloud.hosts import ask_hosts
from imsconsole.cloud.models import RegionReport, Server
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.core.now import now
from imsconsole.jobs.models import ClockEntry
from tests import factories
from tests.cloud.regions.conftest import Mute
from tests.conftest import client_of
from tests.support.workers import until

pytestmark = pytest.mark.django_db
MakeRegion = Callable[..., Region]


def said_of(region: Region) -> str:
    return RegionReport.objects.get(pk=region).error_code


def test_nobody_listens(people, on_cloud: MakeRegion, nobodys_port: int):
    region = on_cloud(nobodys_port)
    ask_hosts()

    assert said_of(region) == "cloud-silent"
    assert said_of(people.bob.region) == ""


@pytest.mark.slow(reason="an answer is waited for until it is late")
def test_it_takes_calls_and_never_answers(people, on_cloud: MakeRegion, mute: Mute):
    region = on_cloud(mute.port)
    ask_hosts()

    assert said_of(region) == "no-answer"
    assert said_of(people.bob.region) == ""
    until(lambda: mute.callers() == 1, "it was called")
    ask_hosts()
    assert mute.callers() == 0
    assert said_of(region) == "no-answer", "who is still being asked is not asked again"


@pytest.mark.slow(reason="an answer is waited for until it is late")
def test_the_states_of_servers_elsewhere_are_found(people, on_cloud: MakeRegion, mute: Mute):
    there = factories.ProjectFactory(account=people.bob.account, region=on_cloud(mute.port))
    ours = factories.ServerFactory(project=people.bob.project, status=Server.Status.RUNNING, ref="gone")
    theirs = factories.ServerFactory(project=there, status=Server.Status.RUNNING, ref="a.b")
    ask_hosts()
    reconcile_all()

    states = dict(Server.objects.values_list("pk", "status"))
    assert (states[ours.pk], states[theirs.pk]) == ("stopped", "running"), "what was known of it stays"


@pytest.mark.slow(reason="an answer is waited for until it is late")
def test_its_pages_are_there_and_say_so(people, on_cloud: MakeRegion, mute: Mute):
    region = on_cloud(mute.port)
    there = factories.ProjectFactory(account=people.bob.account, region=region)
    server = factories.ServerFactory(project=there, status=Server.Status.RUNNING, ref="a.b", name="far-away")
    ask_hosts()
    ClockEntry.objects.create(name="a.clock", due_at=now(), started_at=now())
    client = client_of(people.bob)
    until(lambda: mute.callers() == 1, "it was called")
    for address in ("servers/", "images/", f"servers/{server.pk}/"):
        page = client.get(f"/p/{there.pk}/{address}")
        assert page.status_code == 200
        assert "has never answered" in page.content.decode()
        assert "far-away" in page.content.decode() or address == "images/"
    assert mute.callers() == 0, "no page asks it"
