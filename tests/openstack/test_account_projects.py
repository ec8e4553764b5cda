"""An account whose servers and disks are in a project of their own of the lab's cloud: its whole life, and where each thing is."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from imsconsole.cloud.models import AccountCloud, Disk, ForeignThing, Server
from imsconsole.cloud.regions.clouds import check_cloud
from imsconsole.cloud.regions.tasks import list_foreign
from imsconsole.engine.api import Engine
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import REGION
from tests.images import life
from tests.openstack.others import NAME
from tests.openstack.regions import OTHER, OURS
from tests.openstack.seen import connected, counted, mark_of, ours, things
from tests.support.engines import only

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.guest,
    pytest.mark.slow(reason="guests start on a real cloud"),
    pytest.mark.django_db,
    pytest.mark.usefixtures("untouched", "on_each_engine"),
    only("openstack"),
]


@pytest.fixture
def row(people: SimpleNamespace) -> AccountCloud:
    """Bob's account has the lab's other project; Carol's has none."""
    return AccountCloud.objects.create(region=people.bob.region, account=people.bob.account, cloud=OTHER)


@pytest.mark.thorough
def test_all_is_where_its_account_is_but_what_is_stored(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    row: AccountCloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    usual = life.done

    def done() -> None:
        usual()
        seen.extend(where_things_are(people))

    monkeypatch.setattr(life, "done", done)
    life.whole_life(people, tmp_path)

    assert {"bob: machines", "bob: ports", "bob: volumes", "carol: machines", "carol: volumes"} <= set(seen)
    assert counted(REGION, OURS) == counted(REGION, OTHER) == {}


def where_things_are(people: SimpleNamespace) -> set[str]:
    """Of each account which kinds of things there are; each is in its place, and nobody has borrowed an image any more."""
    owners = {
        str(row.pk): "bob" if row.project.account_id == people.bob.account.pk else "carol"
        for kind in (Server, Disk)
        for row in kind.objects.select_related("project")  # type: ignore[attr-defined]
    }
    found = set()
    for cloud, who in ((OURS, "carol"), (OTHER, "bob")):
        for kind, there in ours(REGION, cloud).items():
            for thing in there:
                if kind == "images":
                    assert cloud == OURS
                    lent = thing.visibility == "shared" and list(connected(cloud).image.members(thing.id))
                    assert not lent
                else:
                    assert owners[mark_of(thing)["ims_id"]] == who, thing
                    found.add(f"{who}: {kind}")
    return found


def test_the_page_about_the_cloud_tells_of_it(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    row: AccountCloud,
) -> None:
    AccountCloud.objects.create(region=row.region, account=people.carol.account, cloud="lab-nowhere")
    found = check_cloud(REGION)["projects"]
    assert (found[OTHER]["project"], found[OTHER]["user"]) == ("other", "other")
    assert not [right for right in found[OTHER]["rights"] if right["ok"] is False]
    assert {"volume_gb", "servers", "ports"} <= {quota["name"] for quota in found[OTHER]["quotas"]}
    assert found["lab-nowhere"]["code"] == "cloud-unknown"
    assert counted(REGION, OTHER) == {}


def test_what_is_not_ours_is_listed_of_both_projects(
    people: SimpleNamespace,
    engine: Engine,  # noqa: F811
    row: AccountCloud,
) -> None:
    list_foreign(row.region)
    listed = set(ForeignThing.objects.values_list("cloud_id", flat=True))
    for cloud in (OURS, OTHER):
        theirs = {each.id for each in things(connected(cloud))["volumes"] if str(each.name).startswith(NAME)}
        assert theirs
        assert theirs <= listed


def test_a_project_that_is_the_region_s_own_is_told(engine: Engine, people: SimpleNamespace) -> None:  # noqa: F811
    AccountCloud.objects.create(region=people.bob.region, account=people.bob.account, cloud=OURS)
    assert check_cloud(REGION)["projects"][OURS]["code"] == "same-cloud-project"
