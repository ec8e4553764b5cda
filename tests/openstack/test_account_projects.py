"""What an operator sees of an account whose servers and disks are in a project of their own of the lab's cloud."""

from types import SimpleNamespace

import pytest

from imsconsole.cloud.models import AccountCloud, ForeignThing
from imsconsole.cloud.regions.clouds import check_cloud
from imsconsole.cloud.regions.tasks import list_foreign
from imsconsole.engine.api import Engine
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import REGION
from tests.openstack.journeys import ON_THE_LAB
from tests.openstack.others import NAME
from tests.openstack.regions import OTHER, OURS
from tests.openstack.seen import connected, counted, things

pytestmark = ON_THE_LAB


@pytest.fixture
def row(people: SimpleNamespace) -> AccountCloud:
    """Bob's account has the lab's other project; Carol's has none."""
    return AccountCloud.objects.create(region=people.bob.region, account=people.bob.account, cloud=OTHER)


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
