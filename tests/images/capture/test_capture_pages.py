"""The create wizard of servers and disks, and the buttons that lead there."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.models import Image
from imsconsole.accounts.models import Draft
from imsconsole.cloud.models import Disk, Server
from imsconsole.core.project_urls import bare
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.disks.disks import free_disk
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
FROM_SERVER, FROM_DISK = "/images/create/from-server/", "/images/create/from-disk/"
CONFIRM = {}


@pytest.fixture
def server(people: SimpleNamespace) -> Server:
    """A stopped server of Bob's project with a system disk and two data disks."""
    os_version = factories.OsVersionFactory(name="Debian 12.0.0 64bit")
    image = factories.ImageFactory(
        project=people.bob.project, name="origin", os_version=os_version, min_ram_mb=256, boot_mode="uefi"
    )
    server = factories.ServerFactory(
        project=people.bob.project, name="web", image=image, ref="there", boot_mode="uefi"
    )
    factories.DiskFactory(
        server=server, role="system", index=0, status="in-use", ref="d", name="web-system", image=image
    )
    for index in (1, 2):
        factories.DiskFactory(
            server=server, role="data", index=index, status="in-use", ref="d", name=f"web-data-{index}"
        )
    return server


def data_disks(server: Server) -> list[Disk]:
    return list(server.disks.filter(role="data").order_by("index"))


def through(client: Client, page: str, chosen: dict[str, object], **details: str) -> str:
    """All three steps; where the last one leads."""
    step_2 = client.post(page, chosen)
    assert step_2.status_code == 302, step_2.content.decode()
    assert client.get(step_2["Location"]).status_code == 200
    typed = {f"details-{name}": value for name, value in details.items()}
    step_3 = client.post(step_2["Location"], typed)
    assert step_3.status_code == 302, step_3.context["form"].errors
    assert not Image.objects.filter(status="saving").exists()
    page_3 = client.get(step_3["Location"]).content.decode()
    assert all(value in page_3 for name, value in details.items() if name.startswith("name"))
    done = client.post(step_3["Location"], CONFIRM)
    assert done.status_code == 302
    return done["Location"]


@pytest.mark.slow(reason="a wizard of three pages is filled in")
def test_from_a_server_to_an_image_that_is_being_created(people: SimpleNamespace, server: Server):
    client = client_of(people.bob)
    page = client.get(FROM_SERVER, {"server": server.pk.hex}).content.decode()
    assert f'value="{server.pk}" checked' in page
    step_2 = client.post(FROM_SERVER, {"server": str(server.pk)})["Location"]
    page = client.get(step_2).content.decode()
    assert 'value="web"' in page
    assert 'value="256"' in page
    assert "details-os_version" not in page  # inherited
    assert "Debian 12.0.0 64bit" in page
    url = through(
        client, FROM_SERVER, {"server": str(server.pk)}, name_1="golden", tags="team=web", min_ram_mb="512"
    )
    image = Image.objects.get(name="golden")
    assert bare(url) == image.get_absolute_url()
    assert (image.source_kind, image.source_id, image.min_ram_mb) == ("server", server.pk, 512)
    assert (image.boot_mode, image.parent, image.tag_values) == ("uefi", server.image, {"team": "web"})
    assert Draft.objects.exclude(data__has_key="made").count() == 1  # the one that was left
    page = client.get(server.get_absolute_url()).content.decode()
    assert "Creating an image" in page
    job = Job.objects.live().get()
    assert job.get_absolute_url() in page
    assert job.get_absolute_url() in client.get(url).content.decode()


def test_a_disk_becomes_a_system_disk_image_and_asks_for_its_system(people: SimpleNamespace):
    """§2.3"""
    disk = free_disk(people.bob, name="loose")
    os_version = factories.OsVersionFactory(name="Ubuntu 22.04 64bit", platform="Ubuntu")
    details = {"name_1": "from disk", "os_version": str(os_version.pk)}
    through(
        client_of(people.bob),
        FROM_DISK,
        {"type": "system", "disk": str(disk.pk)},
        **details,
        architecture="x86",
        boot_mode="bios",
    )
    image = Image.objects.get(name="from disk")
    assert (image.type, image.os_version, image.source_id) == ("system", os_version, disk.pk)
    assert "Creating an image" in client_of(people.bob).get(disk.get_absolute_url()).content.decode()


def test_data_disks_become_an_image_each(people: SimpleNamespace, server: Server):
    """§2.5, R38"""
    one, two = data_disks(server)
    chosen = {"type": "data", "disk": [str(one.pk), str(two.pk)]}
    url = through(client_of(people.bob), FROM_DISK, chosen, name_1="d one", name_2="d two")
    assert bare(url) == f"{reverse('images:list')}?tab=private"
    images = Image.objects.filter(type="data", status="saving").order_by("name")
    assert [(image.name, image.source_id) for image in images] == [("d one", one.pk), ("d two", two.pk)]
    second = client_of(people.bob).get(images[1].get_absolute_url()).content.decode()
    assert Job.objects.live().get().get_absolute_url() in second


def test_disks_of_two_servers_are_refused_with_the_reason(people: SimpleNamespace, server: Server):
    """R38"""
    other = free_disk(people.bob)
    sent = {"type": "data", "disk": [str(data_disks(server)[0].pk), str(other.pk)]}
    response = client_of(people.bob).post(FROM_DISK, sent)
    assert response.status_code == 422
    assert "same server" in response.content.decode()


@pytest.mark.parametrize("page", [FROM_SERVER, FROM_DISK])
def test_nothing_chosen_asks_for_something(people: SimpleNamespace, server: Server, page: str):
    response = client_of(people.bob).post(page, {})
    assert response.status_code == 422
    assert "Choose what the image is made of" in response.content.decode()
    assert client_of(people.bob).post(page, {"server": "x", "disk": "y"}).status_code == 422


def test_what_cannot_be_a_source_is_shown_with_the_reason(people: SimpleNamespace, server: Server):
    """R30"""
    Server.objects.filter(pk=server.pk).update(status="stopping")
    for page in (FROM_SERVER, FROM_DISK, f"{FROM_DISK}?type=data"):
        content = client_of(people.bob).get(page).content.decode()
        assert "Stopping" in content
        assert "disabled" in content
    response = client_of(people.bob).post(FROM_SERVER, {"server": str(server.pk)})
    assert response.status_code == 422


def test_equal_and_taken_names_are_said_at_once(people: SimpleNamespace, server: Server):
    """R39"""
    client, disks = client_of(people.bob), data_disks(server)
    step_2 = client.post(FROM_DISK, {"type": "data", "disk": [str(disk.pk) for disk in disks]})["Location"]
    sent = {"details-name_1": "same", "details-name_2": "same"}
    errors = client.post(step_2, sent).context["form"].errors
    assert list(errors) == ["name_2"]
    errors = client.post(step_2, {**sent, "details-name_1": "origin"}).context["form"].errors
    assert list(errors) == ["name_1"]


def test_read_only_people_see_why_they_cannot(people: SimpleNamespace, server: Server):
    for page in (FROM_SERVER, FROM_DISK):
        response = client_of(people.dave).get(page)
        assert "read-only" in response.content.decode()
        assert 'name="server"' not in response.content.decode()
        assert client_of(people.dave).post(page, {"server": str(server.pk)}).status_code == 409


def test_servers_and_disks_of_others_are_not_there(people: SimpleNamespace, server: Server):
    client = client_of(people.carol)
    for page in (FROM_SERVER, FROM_DISK, f"{FROM_DISK}?type=data"):
        assert "web" not in client.get(page).content.decode().replace("web-", "web")
    assert client.post(FROM_SERVER, {"server": str(server.pk)}).status_code == 422
    step_2 = client_of(people.bob).post(FROM_SERVER, {"server": str(server.pk)})["Location"]
    assert client.get(step_2).status_code == 404
    assert client_of(people.alice).get(step_2).status_code == 404  # a draft is one's own


def test_a_draft_whose_source_is_gone_leads_back(people: SimpleNamespace, server: Server):
    client = client_of(people.bob)
    step_2 = client.post(FROM_SERVER, {"server": str(server.pk)})["Location"]
    disk = free_disk(people.bob)
    disk_step = client.post(FROM_DISK, {"type": "data", "disk": str(disk.pk)})["Location"]
    Server.objects.update(deleted_at="2026-01-01T00:00Z", status="deleted")
    Disk.objects.update(deleted_at="2026-01-01T00:00Z")
    assert bare(client.get(step_2)["Location"]).startswith(FROM_SERVER)
    assert bare(client.get(disk_step)["Location"]) == f"{FROM_DISK}?type=data"


def test_a_server_that_is_busy_at_the_end_is_said(people: SimpleNamespace, server: Server):
    """R35"""
    client = client_of(people.bob)
    step_2 = client.post(FROM_SERVER, {"server": str(server.pk)})["Location"]
    step_3 = client.post(step_2, {"details-name_1": "late"})["Location"]
    Server.objects.filter(pk=server.pk).update(task="image")
    response = client.post(step_3, CONFIRM, follow=True)
    assert "has a task" in response.content.decode()
    assert not Image.objects.filter(name="late").exists()


@pytest.mark.parametrize("page", [FROM_SERVER, f"{FROM_DISK}?type=data"])
def test_the_lists_ask_as_much_for_many_as_for_one(people: SimpleNamespace, page: str):
    client, counts = client_of(people.bob), []
    for wanted in (1, 20):
        while Server.objects.count() < wanted:
            made = factories.ServerFactory(project=people.bob.project, ref="x")
            factories.DiskFactory(server=made, role="data", index=1, status="in-use", ref="d")
        with CaptureQueriesContext(connection) as queries:
            client.get(page)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_draft_that_was_begun_before_goes_on(people: SimpleNamespace, server: Server):
    """The row as the wizards before these have kept it."""
    kept = {"details-name_1": ["of before"], "details-min_ram_mb": ["0"], "details-max_ram_mb": [""]}
    data = {"type": "system", "server": str(server.pk), "steps": {"details": kept}}
    draft = Draft.objects.create(
        wizard="images.capture", user=people.bob.user, project=people.bob.project, data=data
    )
    client, at = client_of(people.bob), f"/images/create/capture/{draft.pk}/"
    assert "of before" in client.get(f"{at}details/").content.decode()
    made = client.post(f"{at}confirm/")["Location"]
    assert bare(made) == Image.objects.get(name="of before").get_absolute_url()
    assert client.post(f"{at}confirm/")["Location"] == client.get(f"{at}details/")["Location"] == made
