"""What uses an image now."""

import pytest
from django.urls import reverse

from images.selection.used_by import SHOWN, uses_of
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


def names_of(image, actor):
    return {use.key: [str(user.name) for user in use.users] for use in uses_of(image, actor)}


def job_about(thing, kind, **fields):
    return Job.objects.create(
        kind="image.delete", path="images.delete.jobs.DeleteImage", queue="quick", project=thing.project,
        subject_kind=kind, subject_id=thing.pk, subject_name=thing.name, **fields,
    )  # fmt: skip


def test_it_names_servers_disks_and_running_jobs(people):
    image = factories.ImageFactory(project=people.bob.project)
    server = factories.ServerFactory(project=people.bob.project, image=image, name="web-1", status="creating")
    factories.DiskFactory(server=server, image=image, name="web-1-system")
    former = factories.ServerFactory(project=people.bob.project)
    factories.DiskFactory(
        server=former, image=image, name="kept-system", beside=True, status="kept", kept_until=now()
    )
    job_about(server, "server", state="queued")
    job_about(image, "image", state="done")

    assert names_of(image, people.bob) == {
        "servers": ["web-1"],
        "disks": ["kept-system", "web-1-system"],
        "jobs": ["Delete image"],
        "receivers": [],
    }


def test_what_is_gone_or_belongs_to_others_is_not_counted(people):
    image = factories.PublicImageFactory()
    for project, fields in ((people.carol.project, {}), (people.bob.project, {"deleted_at": now()})):
        server = factories.ServerFactory(project=project, image=image, **fields)
        factories.DiskFactory(server=server, image=image, **fields)
        job_about(server, "server", state="running", lease_until=now())

    assert [use.total for use in uses_of(image, people.bob)] == [0, 0, 0]


def test_many_are_counted_and_the_first_are_named(people):
    image = factories.ImageFactory(project=people.bob.project)
    for _ in range(SHOWN + 97):
        factories.ServerFactory(project=people.bob.project, image=image)
    servers = uses_of(image, people.bob)[0]

    assert (servers.total, len(servers.users), servers.more) == (SHOWN + 97, SHOWN, 97)


@pytest.mark.parametrize("address", ["detail", "delete"])
def test_it_is_read_on_the_page_and_before_deleting(people, address):
    image = factories.ImageFactory(project=people.bob.project)
    server = factories.ServerFactory(project=people.bob.project, image=image, name="web-1")
    page = client_of(people.bob).get(reverse(f"images:{address}", args=[image.pk]), {"section": "use"})

    assert server.get_absolute_url() in page.content.decode()
    assert "their OS can no longer be reinstalled" in page.content.decode()


def test_before_deleting_what_nobody_uses_it_says_so(people):
    image = factories.ImageFactory(project=people.bob.project)
    page = client_of(people.bob).get(reverse("images:delete", args=[image.pk])).content.decode()

    assert "Nothing in this project uses it." in page
