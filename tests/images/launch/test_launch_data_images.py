"""Data disks of a new server from data disk images (§2.5): rule, service, page."""

import re

import pytest

from images.capture.services import capture_data_disks
from images.delete.services import delete_image
from images.launch.rules import fit_data_images
from images.models import Image
from images.verify.store_check import differences
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import Disk, Server
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from tests import factories
from tests.cloud.conftest import engine  # noqa: F401
from tests.cloud.servers.machines import REGION, bootable_image, order, tiny_flavor
from tests.conftest import client_of
from tests.support.workers import run_jobs

pytestmark = pytest.mark.django_db
CREATE = "/servers/create/"


@pytest.fixture
def no_qemu(monkeypatch) -> None:
    monkeypatch.setattr("imsconsole.engine.local.probe.QEMU", "no-such-qemu")


@pytest.fixture
def payload(people, engine) -> Image:  # noqa: F811
    return bootable_image(people.bob, name="payload", word="PAYLOAD", type="data", min_disk_gb=2)


def test_a_data_image_is_used_once_in_a_server_and_fits_its_disk(people):
    """§2.5, R62, R98"""
    system = factories.ImageFactory(project=people.bob.project)
    one, two = (factories.ImageFactory(project=people.bob.project, type="data", min_disk_gb=2) for _ in "ab")
    for sizes, images, code in (
        ((2, 2), (one, two), ""),
        ((2, 2), (None, two), ""),
        ((2,), (), ""),
        ((2, 2), (one, one), "data-image-twice"),
        ((1,), (one,), "disk-smaller-than-data-image"),
        ((2,), (system,), "no-data-image"),
        ((), (one,), "data-image-place"),
    ):
        assert fit_data_images(system, sizes, images, people.bob).code == code


@pytest.mark.slow(reason="two servers are made with the disks of several images")
def test_each_server_gets_disks_with_what_the_image_holds(people, engine, payload, no_qemu):  # noqa: F811
    wanted = {"count": 2, "data_disks_gb": (1, 3), "data_images": (None, payload)}
    servers = order(people.bob, bootable_image(people.bob), **wanted)
    with pytest.raises(Refused):
        delete_image(payload, actor=people.bob)
    run_jobs()
    delete_image(payload, actor=people.bob)
    run_jobs()
    for server in servers:
        blank, filled = server.disks.filter(role="data").order_by("index")
        assert (blank.image, filled.image, filled.size_gb) == (None, payload, 3)
        (image,) = capture_data_disks({filled.pk: f"of {server}"}, actor=people.bob)
        run_jobs()
        with engine_for(REGION).open(image.disks.get().ref) as stream:
            assert b"PAYLOAD" in stream.read()
    assert list(differences()) == []


def test_images_of_others_are_not_found_and_ones_own_not_taken_twice(people, payload):
    system = factories.ImageFactory(project=people.carol.project)
    with pytest.raises(NotFound):
        order(people.carol, system, data_disks_gb=(3,), data_images=(payload,))
    ours = factories.ImageFactory(project=people.bob.project)
    with pytest.raises(Refused, match="data-image-twice"):
        order(people.bob, ours, data_disks_gb=(3, 3), data_images=(payload, payload))
    assert not Disk.objects.exists()


@pytest.mark.slow(reason="a wizard is filled in with data images")
def test_the_page_offers_them_and_the_order_keeps_them(people, payload, no_qemu):
    client, system = client_of(people.bob), bootable_image(people.bob, name="system")
    flavor = tiny_flavor()
    page = client.post(CREATE, {"action": "refresh", "image": str(system.pk), "data_disks": "2"})
    offered = re.findall(rf'name="(data_image_\d)"[^>]*? value="{payload.pk}"', page.content.decode())
    assert offered == ["data_image_1", "data_image_2"]
    typed = {
        "action": "confirm",
        "image": str(system.pk),
        "of_image": str(system.pk),
        "flavor": flavor.pk,
        "zone": people.bob.region.zones.earliest("code").pk,
        "system_disk_gb": "1",
        "data_disks": "2",
        "data_disk_1": "2",
        "data_image_1": str(payload.pk),
        "data_disk_2": "2",
        "data_image_2": str(payload.pk),
        "name": "web",
        "count": "1",
        "login": "password",
        "password": "Some-secret-1",
        "password_again": "Some-secret-1",
    }
    twice = client.post(CREATE, typed)
    assert twice.status_code == 422
    assert "only once" in twice.content.decode()
    small = client.post(CREATE, {**typed, "data_image_2": "", "data_disk_1": "1"})
    assert "at least 2 GB" in small.content.decode()
    confirm = client.post(CREATE, {**typed, "data_image_2": ""})
    assert confirm.status_code == 302, confirm.context["form"].errors
    page = client.get(confirm["Location"]).content.decode()
    assert re.search(r"2 GB\s+\(payload\), 2 GB", page)
    draft = re.search(r"[0-9a-f-]{36}", bare(confirm["Location"]))
    again = client.get(CREATE, {"draft": draft[0] if draft else ""}).content.decode()
    assert f' value="{payload.pk}" checked' in again
    client.post(confirm["Location"])
    disks = Server.objects.get(name="web").disks.filter(role="data").order_by("index")
    assert [disk.image for disk in disks] == [payload, None]


def test_disks_that_come_filled_with_a_full_ecs_image_are_not_called_blank(people, payload, no_qemu):
    client = client_of(people.bob)
    full = bootable_image(people.bob, name="full", type="full")
    factories.ImageDiskFactory(image=full, index=1, role="data", virtual_size_bytes=2 << 30)
    page = client.post(CREATE, {"action": "refresh", "image": str(full.pk), "data_disks": "2"})
    picks = [page.context["form"][f"data_image_{n}"].picks for n in (1, 2)]
    assert [[str(pick.cells[0][1]) for pick in each] for each in picks] == [
        ["As in the full-ECS image"],
        ["None: a blank disk", "payload"],
    ]
    typed = {
        "action": "confirm",
        "image": str(full.pk),
        "of_image": str(full.pk),
        "name": "web",
        "count": "1",
    }
    typed |= {"flavor": tiny_flavor().pk, "zone": people.bob.region.zones.earliest("code").pk}
    typed |= {"system_disk_gb": "1", "data_disks": "2", "data_disk_1": "2", "data_disk_2": "3"}
    typed |= {"login": "password", "password": "Some-secret-1", "password_again": "Some-secret-1"}
    confirm = client.post(CREATE, typed, follow=True).content.decode()
    assert re.search(r"2 GB\s+\(as in the full-ECS image\), 3 GB\s*</dd>", confirm)
    other = client.post(CREATE, typed | {"data_image_1": str(payload.pk)})
    assert "The first data disks come with the full-ECS image" in other.content.decode()


def test_an_order_whose_image_is_gone_is_chosen_again(people, payload, no_qemu):
    client, system = client_of(people.bob), bootable_image(people.bob, name="system")
    typed = {"action": "confirm", "image": str(system.pk), "of_image": str(system.pk), "name": "web"}
    typed |= {"flavor": tiny_flavor().pk, "zone": people.bob.region.zones.earliest("code").pk, "count": "1"}
    typed |= {"system_disk_gb": "1", "data_disks": "1", "data_disk_1": "2", "data_image_1": str(payload.pk)}
    typed |= {"login": "password", "password": "Some-secret-1", "password_again": "Some-secret-1"}
    confirm = client.post(CREATE, typed)
    assert confirm.status_code == 302
    Image.objects.filter(pk=payload.pk).update(status="frozen")
    page = client.get(confirm["Location"], follow=True)
    assert bare(page.request["PATH_INFO"]) == CREATE
    summary = re.search(r'id="error-summary".*?</ul>', page.content.decode(), re.DOTALL)
    assert summary
    assert "Data disk 1: image" in summary[0]
