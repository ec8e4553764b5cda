"""Accounts whose servers and disks are in a project of their own, of a region's cloud: rules, admin, and one that does not answer."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from imsconsole.accounts.actor import Operator
from imsconsole.accounts.models import Account, Project, Region, User
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for, engine_in
from imsconsole.cloud.hosts import ask_hosts
from imsconsole.cloud.models import AccountCloud, Disk, ForeignThing, RegionCheck, RegionReport, Server
from imsconsole.cloud.regions.services import (
    change_account_cloud,
    create_account_cloud,
    delete_account_cloud,
)
from imsconsole.cloud.regions.tasks import list_foreign
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.cloud.whole_regions import WholeRegion
from imsconsole.core.errors import Unavailable
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities, Foreign, Inventory, Power, ServerState, Unwatched, Work
from imsconsole.jobs.models import ClockEntry, Job
from tests import factories
from tests.conftest import client_of
from tests.support import lock_order
from tests.support.engines import UnreachableEngine, engine_of_region

pytestmark = pytest.mark.django_db
MakeRegion = Callable[..., Region]
PAGE = "/admin/cloud/regionreport/sky-1/cloud/"
ADD, LIST = "/admin/cloud/accountcloud/add/", "/admin/cloud/accountcloud/"


@pytest.fixture
def region(on_cloud: MakeRegion, nobodys_port: int) -> Region:
    return on_cloud(nobodys_port)


@pytest.fixture
def admin(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def given(region: Region, account: Account, operator: User, cloud: str = "hers") -> AccountCloud:
    row = AccountCloud(region=region, account=account, cloud=cloud)
    return create_account_cloud(account_cloud=row, actor=Operator(operator))


def a_disk(project: Project, **fields: Any) -> Disk:
    zone, plain = project.region.zones.get(), {"server": None, "role": "data", "status": "available"}
    return factories.DiskFactory(**plain, project=project, zone=zone, **fields)


def a_job(project: Project) -> Job:
    return Job.objects.create(
        kind="image.import", path="images.create.jobs.ImportImage", queue="long", project=project,
        subject_kind="image", subject_id=uuid4(), subject_name="i",
    )  # fmt: skip


class Place:
    """An engine that says what is in it, and notes what is deleted. `at` leads to another one."""

    def __init__(self, *, others: "dict[str, Place] | None" = None, **there: Any) -> None:
        self._there, self.others = Inventory(**there), others or {}
        self.deleted: list[str] = []

    def at(self, project: str) -> "Place":
        return self.others[project]

    def inventory(self) -> Inventory:
        return self._there

    def states(self, refs: list[str]) -> dict[str, ServerState]:
        running = self._there.running
        return {ref: ServerState(Power.RUNNING if ref in running else Power.MISSING) for ref in refs}

    def foreign(self) -> tuple[Foreign, ...]:
        return tuple(Foreign("volume", ref) for ref in self._there.strays)

    def public_images(self) -> tuple[()]:
        return ()

    def adopt(self, cloud_id: str) -> None: ...

    def delete_disk(self, ref: str, *, work: Work) -> None:
        self.deleted.append(ref)


# rules ---------------------------------------------------------------------------------------------------


def test_an_account_has_a_place_of_its_own(region: Region, people: SimpleNamespace, operator: User):
    ours = factories.ProjectFactory(account=people.bob.account, region=region)
    theirs = factories.ProjectFactory(account=people.carol.account, region=region)
    given(region, people.bob.account, operator)

    hers = Place()
    with engine_of_region("sky-1", own := Place(others={"hers": hers})):
        assert engine_in(ours) is hers
        assert engine_in(theirs) is own
        assert engine_for(region) is own, "what is stored is the region's"
    assert engine_in(people.bob.project) is engine_for(people.bob.region)
    assert Event.objects.get().action == "createAccountCloud"


@pytest.mark.parametrize("thing", ["server", "disk", "kept disk"])
def test_who_has_something_there_stays(region: Region, people: SimpleNamespace, operator: User, thing: str):
    """An old system disk counts, as it may be brought back."""
    project = factories.ProjectFactory(account=people.bob.account, region=region)
    row = given(region, people.bob.account, operator)
    if thing == "server":
        made: Any = factories.ServerFactory(project=project, status=Server.Status.STOPPED)
    else:
        made = a_disk(project, kept_until=now() + timedelta(days=1) if thing == "kept disk" else None)

    row.cloud = "another"
    for refused in (change_account_cloud, delete_account_cloud):
        with pytest.raises(Refused, match="account-has-things-there"):
            refused(account_cloud=row, actor=Operator(operator))
    type(made).objects.filter(pk=made.pk).update(status="deleted", deleted_at=now())
    Disk.objects.filter(project=project).update(status="deleted", deleted_at=now())
    row.answered_at, row.error_code, row.error_values = now(), "cloud-refuses", {"detail": "policy"}
    row.save()
    change_account_cloud(account_cloud=row, actor=Operator(operator))
    row.refresh_from_db()
    assert (row.cloud, row.answered_at, row.error_code, row.error_values) == ("another", None, "", {})
    delete_account_cloud(account_cloud=row, actor=Operator(operator))
    assert not AccountCloud.objects.exists()


def test_who_has_something_there_already_gets_none(region: Region, people: SimpleNamespace, operator: User):
    project = factories.ProjectFactory(account=people.bob.account, region=region)
    a_disk(project)
    with pytest.raises(Refused, match="account-has-things-there"):
        given(region, people.bob.account, operator)
    given(region, people.carol.account, operator)


def test_nobody_begins_to_make_anything_there_meanwhile(
    region: Region, people: SimpleNamespace, operator: User
):
    """Whoever does holds the project."""
    factories.ProjectFactory(account=people.bob.account, region=region)
    row = given(region, people.bob.account, operator)
    assert "accounts.Project" in lock_order.held()
    row.cloud = "another"
    for service in (change_account_cloud, delete_account_cloud):
        service(account_cloud=row, actor=Operator(operator))
        assert "accounts.Project" in lock_order.held()


def test_things_in_other_regions_do_not_matter(region: Region, people: SimpleNamespace, operator: User):
    factories.DiskFactory(server=factories.ServerFactory(project=people.bob.project))
    given(region, people.bob.account, operator)


def test_only_another_project_of_a_cloud_can_be_named(
    region: Region, people: SimpleNamespace, operator: User
):
    with pytest.raises(Refused, match="own-cloud-of-region"):
        given(region, people.bob.account, operator, cloud=region.cloud)
    with pytest.raises(Refused, match="region-without-cloud"):
        given(people.bob.region, people.bob.account, operator)


def test_only_operators_give_them(region: Region, people: SimpleNamespace):
    with pytest.raises(Refused):
        given(region, people.alice.account, people.alice.user)


# the admin -----------------------------------------------------------------------------------------------


def test_an_operator_gives_changes_and_takes_back(region: Region, people: SimpleNamespace, admin: Client):
    typed = {"region": region.pk, "account": people.bob.account.pk, "cloud": "hers"}
    assert admin.post(ADD, typed).status_code == 302
    row = AccountCloud.objects.get()
    change = f"/admin/cloud/accountcloud/{row.pk}/change/"
    assert admin.post(change, {"cloud": "other"}).status_code == 302
    row.refresh_from_db()
    assert (row.account, row.cloud) == (people.bob.account, "other")

    a_disk(factories.ProjectFactory(account=people.bob.account, region=region))
    page = admin.post(change, {"cloud": "third"}).content.decode()
    assert "They stay in the cloud project in which they were made" in page
    admin.post(f"/admin/cloud/accountcloud/{row.pk}/delete/", {"post": "yes"})
    row.refresh_from_db()
    assert row.cloud == "other"


def test_a_region_without_a_cloud_is_not_offered(region: Region, people: SimpleNamespace, admin: Client):
    page = admin.get(ADD).content.decode()
    assert 'value="sky-1"' in page
    assert f'value="{people.bob.region.pk}"' not in page


def test_the_page_about_the_cloud_shows_them(
    region: Region, people: SimpleNamespace, operator: User, admin: Client
):
    given(region, people.bob.account, operator)
    given(region, people.carol.account, operator, cloud="dark")
    found = {"user": "ims", "project": "acme-machines", "quotas": [{"name": "volumes", "used": 2, "limit": 9}],
             "rights": [{"name": "make-ports", "ok": False, "code": "cloud-refuses", "values": {"detail": "policy"}}]}  # fmt: skip
    refused = {"code": "cloud-refuses", "values": {"detail": "no such user"}}
    RegionCheck.objects.create(
        region=region, found_at=now(), found={"user": "ims", "projects": {"hers": found, "dark": refused}}
    )
    page = admin.get(PAGE).content.decode()
    assert "acme-machines" in page
    assert "2 of 9" in page
    assert "policy" in page, "what may not be done there"
    assert "no such user" in page


# one that does not answer --------------------------------------------------------------------------------


def test_one_that_does_not_answer_holds_back_its_account_alone(
    region: Region, people: SimpleNamespace, operator: User, admin: Client
):
    row = given(region, people.bob.account, operator)
    with engine_of_region("sky-1", Answering()):
        ask_hosts()
    row.refresh_from_db()
    assert row.error_code == "cloud-refuses"
    assert "no such user" in admin.get("/admin/").content.decode()

    far, near = (
        a_job(factories.ProjectFactory(account=who.account, region=region))
        for who in (people.bob, people.carol)
    )
    here = a_job(people.bob.project)
    assert list(Job.objects.put_off()) == [far]
    assert "The account's place in the cloud of Sky does not answer" in far.waits_because
    assert not near.waits_because + here.waits_because


@pytest.mark.slow(reason="an answer is waited for until it is late")
def test_its_pages_say_so_to_that_account_in_that_region_alone(
    region: Region, people: SimpleNamespace, operator: User
):
    bobs, carols = (
        factories.ProjectFactory(account=who.account, region=region) for who in (people.bob, people.carol)
    )
    row = given(region, people.bob.account, operator)
    RegionReport.objects.create(region=region, answered_at=now())
    ClockEntry.objects.create(name="a.clock", due_at=now(), started_at=now())
    bob, carol = client_of(people.bob), client_of(people.carol)
    asked = UnreachableEngine()

    def said(client: Client, project: Project) -> str:
        """What stands above its lists, in one sentence."""
        pages = [client.get(f"/p/{project.pk}/{page}/").content.decode() for page in ("servers", "images")]
        found = {
            "".join(re.findall(r'role="status">\s*<p[^>]*><strong>(.*?)</strong>', page)) for page in pages
        }
        return found.pop() if len(found) == 1 else ""

    with engine_of_region("sky-1", asked):
        assert said(bob, bobs) == ""
        refused = {"error_code": "cloud-refuses", "error_values": {"detail": "no such user"}}
        AccountCloud.objects.filter(pk=row.pk).update(**refused)
        assert said(bob, bobs) == "The account's place in the cloud of Sky has never answered."
        AccountCloud.objects.filter(pk=row.pk).update(answered_at=now())
        assert said(bob, bobs) == "The account's place in the cloud of Sky does not answer."
        assert said(carol, carols) == said(bob, people.bob.project) == ""
        RegionReport.objects.filter(pk=region).update(error_code="cloud-silent")
        assert said(bob, bobs) == said(carol, carols) == "The region Sky does not answer."
    assert asked.asked == [], "no page asks it"


class Answering:
    """Whose other project does not let us in."""

    def at(self, project: str) -> "Answering":
        raise Unavailable("cloud-refuses", detail="no such user")

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def free_space(self) -> None:
        return None


# all places of a region ----------------------------------------------------------------------------------


def test_states_are_asked_where_each_server_is(region: Region, people: SimpleNamespace, operator: User):
    given(region, people.bob.account, operator)
    servers = [
        factories.ServerFactory(
            project=factories.ProjectFactory(account=who.account, region=region), status="running", ref=ref
        )
        for who, ref in ((people.bob, "b.1"), (people.carol, "c.1"))
    ]
    hers = Place(running=frozenset({"b.1"}))
    with engine_of_region("sky-1", Place(running=frozenset({"c.1"}), others={"hers": hers})):
        reconcile_all()
    assert set(
        Server.objects.filter(pk__in=[each.pk for each in servers]).values_list("status", flat=True)
    ) == {"running"}


def test_what_is_deleted_is_deleted_where_it_is(region: Region, people: SimpleNamespace, operator: User):
    given(region, people.bob.account, operator)
    hers = Place(disks=frozenset({"b.1"}), stored=frozenset({"i.1"}))
    own = Place(disks=frozenset({"c.1"}), stored=frozenset({"i.1"}), others={"hers": hers})
    with engine_of_region("sky-1", own):
        whole = WholeRegion(region)
        there = whole.inventory()
        assert (there.disks, there.stored) == ({"b.1", "c.1"}, {"i.1"})
        for ref in there.disks:
            whole.delete_disk(ref, work=Unwatched())
    assert (own.deleted, hers.deleted) == (["c.1"], ["b.1"])


def test_what_is_not_ours_is_listed_of_all_and_not_forgotten_while_one_is_silent(
    region: Region, people: SimpleNamespace, operator: User
):
    row = given(region, people.bob.account, operator)
    own = Place(strays=frozenset({"c.x"}), others={"hers": Place(strays=frozenset({"b.x"}))})
    with engine_of_region("sky-1", own):
        list_foreign(region)
        assert set(ForeignThing.objects.values_list("cloud_id", flat=True)) == {"b.x", "c.x"}
        AccountCloud.objects.filter(pk=row.pk).update(error_code="cloud-refuses")
        list_foreign(region)
        assert ForeignThing.objects.count() == 2
        AccountCloud.objects.filter(pk=row.pk).update(error_code="")
        own.others["hers"] = Place()
        list_foreign(region)
        assert ForeignThing.objects.get().cloud_id == "c.x"
