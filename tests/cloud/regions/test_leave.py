"""Leaving the cloud of a region: what is to be done before, and what becomes of the region then."""

from collections.abc import Callable

import pytest
from django.test import Client

from images.models import CloudImage
from imsconsole.accounts.actor import Operator
from imsconsole.accounts.models import Project, Region, User
from imsconsole.accounts.services.places import delete_region
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.hosts import ask_hosts
from imsconsole.cloud.models import ForeignThing, RegionReport, StoredBytes
from imsconsole.cloud.regions.rules import can_leave
from imsconsole.cloud.regions.services import leave_region
from imsconsole.core.errors import Unsupported
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.operator.attention import what_needs_me
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
PAGE = "/admin/cloud/regionreport/sky-1/cloud/"


@pytest.fixture
def region(on_cloud: Callable[..., Region], nobodys_port: int) -> Region:
    return on_cloud(nobodys_port)


@pytest.fixture
def there(region: Region, people) -> Project:
    return factories.ProjectFactory(account=people.bob.account, region=region, name="there")


@pytest.fixture
def admin(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def a_job(there: Project) -> None:
    image = factories.ImageFactory(project=there)
    Job.objects.create(
        kind="image.copy", path="images.copy.jobs.CopyImage", queue="bulk", project=there, state="queued",
        subject_kind="image", subject_id=image.pk, subject_name=image.name,
    )  # fmt: skip


def a_server(there: Project) -> None:
    factories.ServerFactory(project=there, status="stopped")


def a_disk(there: Project) -> None:
    factories.DiskFactory(project=there, server=None, zone=there.region.zones.get())


def a_backup(there: Project) -> None:
    factories.BackupFactory(project=there)


def an_image(there: Project) -> None:
    StoredBytes.objects.create(region=there.region, ref="a.b")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (a_job, "region-has-jobs"),
        (a_server, "region-has-servers"),
        (a_disk, "region-has-disks"),
        (a_backup, "region-has-backups"),
        (an_image, "region-has-images"),
    ],
)
def test_it_is_not_left_while_something_is_there(
    region: Region, there: Project, admin: Client, operator: User, make: Callable[[Project], None], code: str
):
    make(there)
    page = admin.get(PAGE).content.decode()
    verdict = can_leave(region)

    assert verdict.code == code
    assert verdict.reason in page
    assert admin.get(verdict.way).status_code == 200
    assert 'aria-describedby="leave-why"' in page
    with pytest.raises(Refused, match=code):
        leave_region(region=region, actor=Operator(operator))
    assert admin.post(PAGE, {"do": "leave"}, follow=True).status_code == 200
    region.refresh_from_db()
    assert (region.engine, region.cloud) == ("openstack", "sky-1")


def test_things_in_other_regions_do_not_matter(region: Region, people, operator: User):
    for make in (a_job, a_server, a_disk, a_backup, an_image):
        make(people.bob.project)
    assert leave_region(region=region, actor=Operator(operator)).engine == "left"


def test_what_was_left_is_asked_no_more_and_does_nothing(
    region: Region, there: Project, admin: Client, people
):
    ForeignThing.objects.create(region=region, kind="volume", cloud_id="v")
    CloudImage.objects.create(region=region, cloud_id="d", format="qcow2")
    engine_for("sky-1")  # this process knows it as it was
    ask_hosts()
    assert any("Sky" in str(each) for each in what_needs_me().concerns)
    answer = admin.post(PAGE, {"do": "leave"}, follow=True).content.decode()

    assert "Take it out of clouds.yaml" in answer
    assert Event.objects.get().action == "leaveRegion"
    region.refresh_from_db()
    assert (region.engine, region.cloud) == ("left", "")
    assert not ForeignThing.objects.exists()
    assert RegionReport.objects.get(pk=region).error_code == ""
    ask_hosts()
    assert RegionReport.objects.get(pk=region).error_code == ""
    assert not any("Sky" in str(each) for each in what_needs_me().concerns)
    with pytest.raises(Unsupported, match="region-left"):
        engine_for("sky-1").open("a.b")
    assert admin.get(PAGE).status_code == 404
    for address in ("servers/", "images/", "servers/create/", "images/create/"):
        assert client_of(people.bob).get(f"/p/{there.pk}/{address}").status_code == 200


def test_one_that_nothing_tells_of_is_deleted(region: Region, operator: User):
    left = leave_region(region=region, actor=Operator(operator))
    with pytest.raises(Refused, match="still-in-use"):
        delete_region(region=left, actor=Operator(operator))
    left.zones.all().delete()
    delete_region(region=left, actor=Operator(operator))
    assert not Region.objects.filter(pk="sky-1").exists()


def test_only_operators_leave(region: Region, people):
    with pytest.raises(Refused, match="operators-only"):
        leave_region(region=region, actor=Operator(people.alice.user))
    assert client_of(people.alice).post(PAGE, {"do": "leave"}).status_code == 302
    region.refresh_from_db()
    assert region.engine == "openstack"


def test_none_is_added_as_left(admin: Client):
    assert 'value="left"' not in admin.get("/admin/accounts/region/add/").content.decode()
