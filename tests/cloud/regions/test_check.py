"""A look at a region's cloud: asked for by an operator, done by a worker, shown with what of the cloud is used."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.test import Client
from django_tasks_db.models import DBTaskResult

from imsconsole.accounts.actor import Operator
from imsconsole.accounts.models import Region, User
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for, forget_engines
from imsconsole.cloud.hosts import ask_host
from imsconsole.cloud.models import ForeignThing, RegionCheck, RegionReport
from imsconsole.cloud.regions.clock import list_foreign_things
from imsconsole.cloud.regions.services import USED, check_region, map_region
from imsconsole.cloud.regions.tasks import look_at_cloud, look_for_foreign
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.engine.openstack.cloud import cloud_names
from imsconsole.engine.types import Capabilities, Foreign
from tests import factories
from tests.cloud.regions.conftest import PASSWORD
from tests.support.engines import engine_of_region

pytestmark = pytest.mark.django_db
MakeRegion = Callable[..., Region]
PAGE = "/admin/cloud/regionreport/sky-1/cloud/"
FLAVOR = {"id": "f", "disk": 0, "swap": 0, "OS-FLV-EXT-DATA:ephemeral": 0, "extra_specs": {}}
FOUND = {
    "user": "ims", "project": "ims", "roles": ["member"],
    "services": [
        {"name": "image", "url": "http://sky/image", "version": "2.17", "needs": "2.4", "is_enough": True},
        {"name": "compute", "url": "http://sky/compute", "version": "2.53", "needs": "2.60", "is_enough": False},
        {"name": "network", "url": "", "version": "", "needs": "2.0", "is_enough": False, "code": "cloud-silent", "values": {"detail": "nobody"}},
    ],
    "rights": [{"name": "read-images", "ok": True}, {"name": "make-ports", "ok": False, "code": "cloud-refuses", "values": {"detail": "policy"}},
        {"name": "open-screens", "ok": None, "code": "no-machine-to-ask", "values": {}}],
    "quotas": [{"name": "vcpus", "used": 18, "limit": 20}, {"name": "ports", "used": 3, "limit": None}],
    "flavors": [{**FLAVOR, "name": "m1.equal", "vcpus": 1, "ram": 256}, {**FLAVOR, "name": "m1.other", "vcpus": 9, "ram": 9}],
    "volume_types": [{"name": "fast", "description": ""}],
    "zones": [{"name": "nova", "compute": True, "block_storage": True}, {"name": "attic", "block_storage": True}],
    "networks": [{"id": "n", "name": "lan", "is_up": True, "subnets": ["10.0.0.0/24"], "is_shared": False}],
}  # fmt: skip


@pytest.fixture
def admin(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def region(on_cloud: MakeRegion, nobodys_port: int) -> Region:
    return on_cloud(nobodys_port)


@pytest.fixture
def looked_at(region: Region) -> Region:
    RegionCheck.objects.create(region=region, found_at=now(), found=FOUND)
    return region


def run_tasks() -> None:
    """What the button has put into the queue."""
    for row in DBTaskResult.objects.filter(task_path__endswith="look_at_cloud"):
        look_at_cloud.func(*row.args_kwargs["args"])


# asked for ---------------------------------------------------------------------------------------------


def test_a_worker_looks_when_an_operator_asks(region: Region, admin: Client, operator: User):
    assert "Nobody has looked" in admin.get(PAGE).content.decode()
    assert admin.post(PAGE, {"do": "check"}).status_code == 302
    assert "A worker is looking" in admin.get(PAGE).content.decode()
    assert Event.objects.get().action == "checkRegion"
    run_tasks()
    page = admin.get(PAGE).content.decode()
    assert "A worker is looking" not in page
    assert "The cloud does not answer as it should" in page
    assert admin.post(PAGE, {"do": "check"}).status_code == 302
    assert "A worker is looking" in admin.get(PAGE).content.decode(), "once more"


def test_a_region_without_a_cloud_is_not_looked_at(people: SimpleNamespace, admin: Client, operator: User):
    with pytest.raises(Refused, match="region-without-cloud"):
        check_region(region=people.bob.region, actor=Operator(operator))
    use = {name: getattr(people.bob.region, name) for name in USED}
    with pytest.raises(Refused, match="region-without-cloud"):
        map_region(region=people.bob.region, use=use, flavors={}, zones={}, actor=Operator(operator))
    assert admin.get(PAGE.replace("sky-1", people.bob.region.code)).status_code == 404


def test_only_operators_look(region: Region, people: SimpleNamespace):
    client = Client()
    client.force_login(people.alice.user)
    assert client.get(PAGE).status_code == 302
    with pytest.raises(Refused):
        check_region(region=region, actor=Operator(people.alice.user))
    with pytest.raises(Refused, match="operators-only"):
        map_region(region=region, use={}, flavors={}, zones={}, actor=Operator(people.alice.user))


def test_a_cloud_that_clouds_yaml_does_not_name_is_told_so(region: Region, operator: User):
    Region.objects.filter(pk=region.pk).update(cloud="elsewhere")
    check_region(region=region, actor=Operator(operator))
    run_tasks()

    region.refresh_from_db()
    assert "No cloud is called “elsewhere”" in region.check_up.error_sentence
    assert "No cloud is called “elsewhere”" in region.report.error_sentence


def test_clouds_are_those_of_our_file_whatever_the_environment_names(
    region: Region, settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """A shell of the operator's may name another, with a cloud of the same name."""
    other = tmp_path / "other.yaml"
    other.write_text("clouds: {another: {auth: {auth_url: 'http://127.0.0.1:1/v3'}}}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(other))
    assert cloud_names(settings.IMS_CLOUDS) == [region.cloud]
    settings.IMS_CLOUDS = ""
    assert "another" in cloud_names(settings.IMS_CLOUDS)


def test_an_engine_that_is_not_installed_is_told_so(region: Region, settings):
    settings.ENGINES = {**settings.ENGINES, "openstack": "no_such_module.engine"}
    forget_engines()
    ask_host(region)

    report = RegionReport.objects.get(pk=region)
    assert report.error_code == "engine-not-installed"
    assert "openstack" in report.error_sentence


def test_no_secret_lands_anywhere(region: Region, admin: Client, caplog: pytest.LogCaptureFixture, tmp_path):
    admin.post(PAGE, {"do": "check"})
    run_tasks()
    ask_host(region)
    call_command("dumpdata", output=str(tmp_path / "all.json"))

    pages = admin.get(PAGE).content.decode() + admin.get("/admin/accounts/region/add/").content.decode()
    assert "sky-1" in (tmp_path / "all.json").read_text()
    assert PASSWORD not in (tmp_path / "all.json").read_text() + pages + caplog.text


# shown -------------------------------------------------------------------------------------------------


def test_the_page_says_what_is_there_and_what_is_not(looked_at: Region, admin: Client):
    factories.FlavorFactory(name="s6-small-1", vcpus=1, memory_mb=256)
    factories.FlavorFactory(name="huge", vcpus=64, memory_mb=2**20)
    response = admin.get(PAGE)
    page = response.content.decode()

    assert "2.53 is too old: 2.60 is needed." in page
    assert "policy" in page
    assert "none of ours runs there" in page
    assert "18 of 20" in page
    assert "3, without a limit" in page
    assert "10.0.0.0/24" in page
    assert "no servers" in page, "in the zone attic"
    lines = {line.thing.name: line for line in response.context["flavors"]}
    assert lines["s6-small-1"].theirs == "m1.equal"
    assert lines["huge"].theirs == ""
    assert response.context["flavors"][0].theirs == "", "what cannot be launched comes first"


def test_reading_it_costs_the_same_with_many_flavors(
    looked_at: Region, admin: Client, django_assert_max_num_queries
):
    admin.get(PAGE)
    with django_assert_max_num_queries(19):
        admin.get(PAGE)
    for number in range(40):
        factories.FlavorFactory(name=f"f-{number}")
    with django_assert_max_num_queries(14):
        admin.get(PAGE)


# used --------------------------------------------------------------------------------------------------


def test_what_is_chosen_reaches_the_engine(looked_at: Region, admin: Client):
    flavor = factories.FlavorFactory(name="huge", vcpus=64, memory_mb=2**20)
    before = engine_for("sky-1")
    chosen = {
        "volume_type": "fast",
        "network": "lan",
        "grows_in_use": "on",
        "runs_arm": "on",
        "boots_uefi": "on",
        f"flavor:{flavor.pk}": "m1.other",
        "zone:sky-1a": "nova",
    }
    assert admin.post(PAGE, {"do": "use", **chosen}).status_code == 302

    settings = engine_for("sky-1").cloud.settings
    assert engine_for("sky-1") is not before
    assert (settings.volume_type, settings.network, settings.grow_in_use) == ("fast", "lan", True)
    assert (settings.flavors, settings.zones) == ({"huge": "m1.other"}, {"sky-1a": "nova"})
    assert (settings.architectures, settings.boot_modes, settings.screen) == ({"arm"}, {"uefi"}, False)
    assert settings.console.startswith("ims-")
    assert Event.objects.get().action == "mapRegion"
    page = admin.get(PAGE)
    assert {line.thing.name: line.theirs for line in page.context["flavors"]}["huge"] == "m1.other"


def seen_in(page: str) -> dict[str, str]:
    """What a form carries along of what its reader saw."""
    hidden = re.findall(r'<input[^>]*name="(initial-[^"]+)"[^>]*>', page)
    values = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) for name in hidden}
    return {name: found[1] if found else "" for name, found in values.items()}


def test_two_who_choose_at_once_lose_nothing_without_a_word(looked_at: Region, admin: Client):
    """Two tabs: the second is told what the first has changed, and decides."""
    form = seen_in(admin.get(PAGE).content.decode())
    assert admin.post(PAGE, {"do": "use", **form, "network": "lan"}).status_code == 302
    late = admin.post(PAGE, {"do": "use", **form, "volume_type": "fast", "zone:sky-1a": "nova"})

    assert late.status_code == 409
    assert [each.name for each in late.context["differences"]] == ["network"]
    assert '<div tabindex="-1" autofocus>' in late.content.decode(), "that far down nobody would look"
    looked_at.refresh_from_db()
    assert (looked_at.network, looked_at.volume_type) == ("lan", ""), "nothing is saved"
    again = {
        name: late.context["form"][name].value() or "" for name in ("network", "volume_type", "zone:sky-1a")
    }
    assert again == {"network": "lan", "volume_type": "fast", "zone:sky-1a": "nova"}
    sent = {"do": "use", **seen_in(late.content.decode()), **again}
    assert admin.post(PAGE, sent).status_code == 302
    looked_at.refresh_from_db()
    assert (looked_at.network, looked_at.volume_type) == ("lan", "fast")
    assert looked_at.zone_names == {"sky-1a": "nova"}


def test_what_the_cloud_does_not_have_is_not_chosen(looked_at: Region, admin: Client):
    response = admin.post(PAGE, {"do": "use", "volume_type": "made-up", "zone:sky-1a": "attic"})

    assert response.status_code == 422
    looked_at.refresh_from_db()
    assert looked_at.volume_type == ""


def test_what_is_gone_since_is_marked(looked_at: Region, admin: Client):
    flavor = factories.FlavorFactory(name="huge", vcpus=64, memory_mb=2**20)
    Region.objects.filter(pk=looked_at.pk).update(
        flavor_names={"huge": "was-there"}, zone_names={"sky-1a": "attic"}
    )
    page = admin.get(PAGE)

    lines = {line.thing.pk: line for line in page.context["flavors"]}
    assert lines[flavor.pk].is_lost
    assert "no such zone for servers" in page.content.decode()


def test_regions_have_marks_of_their_own(region: Region, on_cloud: MakeRegion, nobodys_port: int):
    assert on_cloud(nobodys_port, "sky-2").mark != region.mark


def test_names_that_are_not_ours_are_not_kept(region: Region, operator: User):
    factories.ZoneFactory(code="cn-north-4a")  # of another region
    use = {name: getattr(region, name) for name in USED}
    named = map_region(
        region=region,
        use=use,
        flavors={"no-such": "x"},
        zones={"cn-north-4a": "nova"},
        actor=Operator(operator),
    )
    assert (named.flavor_names, named.zone_names) == ({}, {})


# not ours ----------------------------------------------------------------------------------------------


class Shares:
    """An engine whose place others use."""

    def __init__(self, *foreign: Foreign) -> None:
        self._foreign = foreign

    def at(self, project: str) -> "Shares":
        raise AssertionError

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def free_space(self) -> None:
        return None

    def foreign(self) -> tuple[Foreign, ...]:
        return self._foreign

    def public_images(self) -> tuple[()]:
        return ()

    def adopt(self, cloud_id: str) -> None:
        raise AssertionError


def test_what_is_not_ours_is_listed_and_forgotten_when_it_is_gone(region: Region, admin: Client):
    volume, server = Foreign("volume", "v-1", "theirs", now()), Foreign("server", "s-1")
    for there in ((volume, server), (volume, server)):
        with engine_of_region("sky-1", Shares(*there)):
            look_for_foreign.func("sky-1")
    assert set(ForeignThing.objects.values_list("kind", "cloud_id", "name")) == {
        ("volume", "v-1", "theirs"),
        ("server", "s-1", ""),
    }
    assert "theirs" in admin.get("/admin/cloud/foreignthing/").content.decode()
    with engine_of_region("sky-1", Shares(server)):
        look_for_foreign.func("sky-1")
    assert ForeignThing.objects.get().cloud_id == "s-1"


def test_what_is_known_of_a_silent_cloud_stays(region: Region):
    with engine_of_region("sky-1", Shares(Foreign("volume", "v-1"))):
        look_for_foreign.func("sky-1")
    look_for_foreign.func("sky-1")
    assert ForeignThing.objects.count() == 1


def test_the_clock_has_workers_look_where_somebody_answers(region: Region, people: SimpleNamespace):
    list_foreign_things()
    assert [row.args_kwargs["args"] for row in DBTaskResult.objects.all()] == [["sky-1"]]
    DBTaskResult.objects.all().delete()
    ask_host(region)
    list_foreign_things()
    assert not DBTaskResult.objects.exists(), "it does not answer"
