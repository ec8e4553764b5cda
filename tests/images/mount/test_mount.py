"""Mount and eject an ISO: rules, services, pages; what the machine has is what the row says."""

import pytest
from django.urls import reverse

from images.change_os.services import change_os
from images.delete.services import delete_image
from images.models import Image
from images.mount.rules import can_mount, can_mount_on
from images.mount.services import mount_iso
from imsconsole.accounts.actor import Actor
from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import Host
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.rules import can_stop
from imsconsole.cloud.servers.services import reboot_server
from imsconsole.cloud.tray.rules import can_eject_iso, can_mount_iso
from imsconsole.cloud.tray.services import eject_iso
from imsconsole.core.errors import NotFound
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Capabilities
from imsconsole.jobs.models import Job
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import bootable_image, iso_image, running_server
from tests.conftest import client_of
from tests.engine.test_local_tray import in_tray
from tests.factories import ImageDiskFactory, ImageFactory, ServerFactory, ShareFactory
from tests.support.workers import run_jobs


def an_iso(actor: Actor | None, **fields) -> Image:
    owner = {"project": actor.project} if actor else {"project": None, "category": "public"}
    image = ImageFactory(**{**owner, "os_version": None, "type": "iso", **fields})
    ImageDiskFactory(image=image, format="iso")
    return image


def a_server(actor: Actor, **fields) -> Server:
    return ServerFactory(**{"project": actor.project, "status": "stopped", "ref": "there", **fields})


def page_of(server: Server) -> str:
    return reverse("servers-mount-iso", args=[server.pk])


def fresh(server: Server) -> Server:
    return Server.objects.get(pk=server.pk)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"is_temporary": True}, ""),
        ({"status": "running"}, ""),
        ({"status": "starting"}, "server-busy"),
        ({"status": "failed"}, "server-failed"),
        ({"task": "backup"}, "server-task"),
    ],
)
def test_a_server_at_rest_takes_an_iso(people, fields, code) -> None:
    host = Host(Capabilities(tray=True), 0)
    server = a_server(people.bob, **fields)
    assert can_mount_iso(server, people.bob, host).code == code
    assert can_mount_iso(server, people.dave, host).code == "read-only"
    assert can_mount_iso(a_server(people.bob), people.bob, Host(Capabilities(), 0)).code == "no-trays"


def test_iso_images_of_the_project_public_ones_and_shared_ones_are_mounted(people) -> None:
    received = an_iso(people.carol)
    ShareFactory(image=received, project=people.bob.project, status="accepted")
    for image in (an_iso(people.bob), an_iso(None), received):
        assert can_mount(image, people.bob)
        mount_iso(a_server(people.bob), image=image, actor=people.bob)
    assert can_mount(an_iso(people.bob, status="queued"), people.bob).code == "not-active"
    disk = ImageFactory(project=people.bob.project)
    assert can_mount_on(a_server(people.bob), disk, people.bob).code == "mount-needs-iso"
    with pytest.raises(NotFound):
        mount_iso(a_server(people.bob), image=an_iso(people.carol), actor=people.bob)
    with pytest.raises(NotFound):
        mount_iso(a_server(people.carol), image=an_iso(people.bob), actor=people.bob)


def test_nothing_else_is_done_to_the_server_meanwhile_and_both_leave_a_trace(people) -> None:
    server = mount_iso(a_server(people.bob, status="running"), image=an_iso(people.bob), actor=people.bob)
    assert can_stop(server, people.bob).code == "server-task"
    assert can_eject_iso(server, people.bob).code == "server-task"
    with pytest.raises(Refused):
        mount_iso(server, image=an_iso(people.bob), actor=people.bob)
    assert can_eject_iso(a_server(people.bob), people.bob).code == "tray-empty"
    eject_iso(a_server(people.bob, iso=an_iso(people.bob)), actor=people.bob)
    assert list(Event.objects.order_by("at").values_list("action", flat=True)) == ["mountIso", "ejectIso"]


def test_an_iso_whose_bytes_are_gone_is_named_and_the_server_is_free_again(people, engine) -> None:  # noqa: F811
    image = an_iso(people.bob, name="drivers")
    server = running_server(people.bob)
    mount_iso(server, image=image, actor=people.bob)
    run_jobs()
    job = Job.objects.get(kind="server.mount-iso")
    assert (job.state, job.error_code, job.error_values["name"]) == ("failed", "image-bytes-gone", "drivers")
    assert (fresh(server).task, fresh(server).iso, fresh(server).status) == ("", None, "running")


@pytest.mark.guest
@pytest.mark.slow(reason="a guest that restarts, and gets another system")
def test_what_is_mounted_stays_until_it_is_ejected(people, engine) -> None:  # noqa: F811
    image, server = iso_image(people.bob), running_server(people.bob)
    size = image.disks.get().size_bytes
    mount_iso(server, image=image, actor=people.bob)
    run_jobs()
    assert (fresh(server).iso, fresh(server).task) == (image, "")
    assert in_tray(engine, server) == size
    delete_image(image, actor=people.bob)
    reboot_server(fresh(server), actor=people.bob)
    run_jobs()
    other = bootable_image(people.bob)
    change_os(fresh(server), image=other, user_data="#!/bin/sh\n", stop_first=True, actor=people.bob)
    run_jobs()
    assert fresh(server).status == "running"
    assert in_tray(engine, server) == size
    eject_iso(fresh(server), actor=people.bob)
    run_jobs()
    assert (fresh(server).iso, fresh(server).iso_ref, fresh(server).task) == (None, "", "")
    assert in_tray(engine, server) == 0


def test_the_page_mounts_and_the_servers_page_says_what_is_there(people) -> None:
    server, image, client = a_server(people.bob), an_iso(people.bob, name="tools"), client_of(people.bob)
    other = ImageFactory(project=people.bob.project, name="a-system")
    page = client.get(page_of(server)).content.decode()
    assert "tools" in page
    assert "a-system" not in page
    assert client.post(page_of(server), {"image": ""}).status_code == 422
    assert "Only ISO images" in client.post(page_of(server), {"image": other.pk}).content.decode()
    assert client.post(page_of(server), {"image": image.pk}).status_code == 302
    assert Job.objects.get().args["image_id"] == str(image.pk)
    assert client_of(people.carol).get(page_of(server)).status_code == 404
    assert "read-only" in client_of(people.dave).get(page_of(server)).content.decode()
    assert client_of(people.dave).post(page_of(server), {"image": image.pk}).status_code == 409
    mounted = a_server(people.bob, iso=image, iso_ref="there/tray.iso", ref="")
    shown = client.get(mounted.get_absolute_url()).content.decode()
    assert "tools" in shown
    assert reverse("servers:eject-iso", args=[mounted.pk]) in shown


def test_the_name_of_one_that_is_not_shared_any_more_is_its_owners(people) -> None:
    image = an_iso(people.carol, name="carols-tools")
    server = a_server(people.bob, iso=image, ref="")
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert "carols-tools" not in page
    assert "An image not shared any more" in page


def test_ejecting_asks_first(people) -> None:
    server, client = a_server(people.bob, iso=an_iso(people.bob)), client_of(people.bob)
    url = reverse("servers:eject-iso", args=[server.pk])
    assert "Unmount it in the server first" in client.get(url).content.decode()
    assert not Job.objects.exists()
    assert client.post(url).status_code == 302
    assert Job.objects.get().kind == "server.eject-iso"
    assert client_of(people.carol).post(url).status_code == 404
