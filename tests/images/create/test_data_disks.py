"""Up to three data disks come along with a system disk: rule, service, wizard."""

import pytest

from images.create.rules import DataDisk, Import, data_disks_fit
from images.create.services import import_image
from images.models import Image, Upload
from imsconsole.audit.models import Event
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from tests import factories
from tests.conftest import client_of
from tests.images.create.importing import DETAILS, uploaded
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db


def files(actor, disks, count):
    return [uploaded(actor, disks / "disk.qcow2") for _ in range(count)]


def order(actor, system, *data, **fields):
    wanted = {"name": "web", "type": "system", "min_disk_gb": 1, **fields}
    along = [
        each if isinstance(each, DataDisk) else DataDisk(each, f"data-{n}", n + 1)
        for n, each in enumerate(data)
    ]
    return import_image(Import(upload=system, data_disks=along, **wanted), actor=actor)


@pytest.mark.slow(reason="files of several disks are uploaded and imported")
def test_a_system_image_and_its_data_images_are_made_at_once(people, disks):
    system, *data = files(people.bob, disks, 4)
    image = order(people.bob, system, *data)
    run_jobs()
    made = {each.name: each for each in Image.objects.all()}
    assert sorted(made) == ["data-0", "data-1", "data-2", "web"]
    assert {each.status for each in made.values()} == {"active"}
    assert [made[f"data-{n}"].type for n in range(3)] == ["data"] * 3
    assert [made[f"data-{n}"].min_disk_gb for n in range(3)] == [1, 2, 3]
    assert (made["web"].pk, made["web"].type) == (image.pk, "system")
    assert {each.parent_id for each in made.values()} == {None}
    assert Event.objects.filter(action="createImage").count() == 4
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("type", "count", "code"),
    [
        ("system", 3, ""),
        ("system", 4, "too-many-data-disks"),
        ("data", 1, "too-many-data-disks"),
        ("data", 0, ""),
    ],
)
def test_at_most_three_and_only_along_with_a_system(people, type, count, code):
    upload = factories.UploadFactory(project=people.bob.project, user=people.bob.user, expires_at=now())
    others = [
        factories.UploadFactory(project=people.bob.project, user=people.bob.user, expires_at=now())
        for _ in range(count)
    ]
    along = [DataDisk(each, f"data-{n}", 1) for n, each in enumerate(others)]
    assert data_disks_fit(type, upload, along).code == code


def test_each_has_a_file_of_its_own(people, disks):
    system, data = files(people.bob, disks, 2)
    for along in ([system], [data, data]):
        assert (
            data_disks_fit("system", system, [DataDisk(each, "x", 1) for each in along]).code
            == "data-disk-file-twice"
        )


@pytest.mark.parametrize("wrong", ["name", "size", "quota", "file", "gone"])
def test_one_that_does_not_fit_keeps_all_back(people, disks, wrong):
    system, first, second = files(people.bob, disks, 3)
    along = [DataDisk(first, "first", 1), DataDisk(second, "second", 1)]
    if wrong == "name":
        along[1] = DataDisk(second, "web", 1)
    elif wrong == "size":
        along[1] = DataDisk(second, "second", 0)
    elif wrong == "file":
        Upload.objects.filter(pk=second.pk).update(state="receiving")
    elif wrong == "gone":
        Upload.objects.filter(pk=second.pk).delete()
    else:
        people.bob.project.quotas = {"images": 2}
        people.bob.project.save(update_fields=["quotas"])
    with pytest.raises(NotFound if wrong == "gone" else Refused):
        order(people.bob, system, *along)
    assert not Image.objects.exists()
    assert not Job.objects.exists()


def wizard(actor, upload):
    client = client_of(actor)
    step = client.post("/images/create/", {"type": "system", "format": "", "sha256": "", "upload": upload.pk})
    return client, step["Location"]


@pytest.mark.slow(reason="a wizard is filled in with files of several disks")
def test_the_wizard_takes_them_along(people, disks):
    system, first, second = files(people.bob, disks, 3)
    client, address = wizard(people.bob, system)
    rows = {"details-data_1_upload": first.pk, "details-data_3_upload": second.pk, "details-data_3_name": "logs",
            "details-data_3_gb": "7"}  # fmt: skip
    confirm = client.post(address, {**DETAILS, **rows}, follow=True)
    text = confirm.content.decode()
    assert "web server-data-1 · 1 GB" in text
    assert "logs · 7 GB" in text
    client.post(confirm.redirect_chain[-1][0], {})
    assert sorted(Image.objects.values_list("name", flat=True)) == ["logs", "web server", "web server-data-1"]


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ({"details-data_1_upload": "first", "details-data_2_upload": "first"}, "data_2_upload"),
        ({"details-data_1_upload": "system"}, "data_1_upload"),
        ({"details-data_1_upload": "carols"}, "data_1_upload"),
        ({"details-data_1_upload": "first", "details-data_1_name": "web server"}, "data_1_name"),
        ({"details-data_1_upload": "first", "details-data_1_name": "taken"}, "data_1_name"),
        ({"details-data_1_upload": "first", "details-data_1_gb": "99999"}, "data_1_gb"),
    ],
)
def test_what_is_wrong_is_said_at_its_row(people, disks, rows, field):
    system, first = files(people.bob, disks, 2)
    factories.ImageFactory(project=people.bob.project, name="taken")
    there = {
        "first": first.pk,
        "system": system.pk,
        "carols": uploaded(people.carol, disks / "disk.qcow2").pk,
    }
    client, address = wizard(people.bob, system)
    answer = client.post(
        address, {**DETAILS, **{name: there.get(value, value) for name, value in rows.items()}}
    )
    assert list(answer.context["form"].errors) == [field]
