"""Reinstall OS: the change of OS with the server's own image (R138). Service, page."""

import pytest
from django.urls import reverse

from images.change_os.services import change_os, reinstall_os
from imsconsole.audit.models import Event
from imsconsole.cloud.models import Server
from imsconsole.cloud.system_disk.services import undo_change_os
from imsconsole.core.errors import NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import files_of, running_server
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.factories import DiskFactory, ImageDiskFactory, ImageFactory, ServerFactory
from tests.support.workers import run_jobs

LOGIN = {"password_hash": "$6$new", "stop_first": True}


def a_server(actor, **fields):
    server = ServerFactory(**{"project": actor.project, "ref": "there", **fields})
    DiskFactory(server=server, image=server.image)
    ImageDiskFactory(image=server.image, ref="no-such-file")
    return server


@pytest.mark.guest
def test_a_fresh_disk_of_the_same_image_and_the_worn_one_can_come_back(people, engine) -> None:  # noqa: F811
    server = running_server(people.bob)
    wait_for(engine, server.ref, "TINY GUEST")
    worn = server.disks.get()
    reinstall_os(server, actor=people.bob, **LOGIN)
    server.refresh_from_db()
    assert server.get_status_display() == "Reinstalling"
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.image, server.password_hash) == ("running", worn.image, "$6$new")
    assert server.disks.kept().get() == worn
    assert server.disks.attached().get().ref != worn.ref
    wait_for(engine, server.ref, "TINY GUEST", times=2)
    assert Event.objects.filter(action="reinstallOs").count() == 1
    undo_change_os(worn, actor=people.bob)
    run_jobs()
    assert server.disks.attached().get() == worn
    assert len(files_of(server)) == 3


@pytest.mark.slow(reason="a reinstallation fails, then an OS is changed")
def test_a_failed_reinstallation_says_so_and_may_be_followed_by_a_change(people, engine, monkeypatch) -> None:  # noqa: F811
    server = running_server(people.bob)
    engine.delete(server.image.disks.get().ref, work=Unwatched())
    reinstall_os(server, actor=people.bob, **LOGIN)
    run_jobs()
    server.refresh_from_db()
    assert (server.status, server.status_code) == ("reinstall-failed", "image-bytes-gone")
    other = ImageFactory(project=people.bob.project)
    ImageDiskFactory(image=other)
    assert change_os(server, image=other, actor=people.bob, **LOGIN).status == "changing-os"


def test_an_image_that_is_gone_cannot_be_reinstalled(people) -> None:
    server = a_server(people.bob)
    server.image.status = "frozen"
    server.image.save()
    with pytest.raises(Refused, match="original-image-gone"):
        reinstall_os(server, actor=people.bob, **LOGIN)
    server.image.status = "deleted"
    server.image.save()
    with pytest.raises(NotFound):
        reinstall_os(server, actor=people.bob, **LOGIN)
    page = client_of(people.bob).get(reverse("servers-reinstall-os", args=[server.pk])).content.decode()
    assert "Change the OS to another image instead" in page


def test_nobody_else_reinstalls(people) -> None:
    server = a_server(people.bob)
    with pytest.raises(Refused, match="read-only"):
        reinstall_os(server, actor=people.dave, **LOGIN)
    with pytest.raises(NotFound):
        reinstall_os(server, actor=people.carol, **LOGIN)
    url = reverse("servers-reinstall-os", args=[server.pk])
    assert client_of(people.carol).get(url).status_code == 404
    assert not Job.objects.exists()
    Server.objects.update(status="running")
    assert reinstall_os(server, actor=people.alice, **LOGIN).status == "reinstalling"


def test_the_page_takes_the_servers_own_image_whatever_is_sent(people) -> None:
    server = a_server(people.alice)
    other = ImageFactory(project=people.alice.project)
    client = client_of(people.alice)
    url = reverse("servers-reinstall-os", args=[server.pk])
    assert "id_image-found" not in client.get(url).content.decode()
    typed = {
        "action": "confirm", "image": str(other.pk), "system_disk_gb": "2", "login": "password",
        "password": "Secret-1x", "password_again": "Secret-1x",
    }  # fmt: skip
    confirm = client.post(url, typed)["Location"]
    assert "Reinstall OS" in client.get(confirm).content.decode()
    assert bare(client.post(confirm)["Location"]) == server.get_absolute_url()
    job = Job.objects.get()
    assert (job.kind, job.args["image_ref"]) == ("server.reinstall-os", "no-such-file")
    server.refresh_from_db()
    assert server.status == "reinstalling"
