"""Temporary servers from ISO images: the rule, the service, the page, and what cannot be done with them."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from images.delete.services import delete_image
from images.launch.install.rules import can_install, can_install_server
from images.launch.rules import Launch, can_launch
from images.launch.services import install_server
from images.models import Image
from imsconsole.cloud.disks.rules import can_take_disk
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.jobs import CreateServer
from imsconsole.cloud.servers.services import delete_server, reboot_server
from imsconsole.cloud.servers.specs import server_spec
from imsconsole.cloud.system_disk.rules import can_change_os, can_reinstall_os
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import Unwatched
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.servers.machines import WORD, files_of, iso_image, tiny_flavor
from tests.conftest import client_of
from tests.engine.guests import wait_for
from tests.support.wizards import gone_through
from tests.support.workers import kill_at_every_step, run_jobs

OTHER = ["system", "data"]


def iso(actor, **fields: Any) -> Image:
    image = factories.ImageFactory(project=actor.project, os_version=None, type="iso", **fields)
    factories.ImageDiskFactory(image=image, format="iso")
    return image


def elsewhere() -> Any:
    return factories.RegionFactory(code="cn-east-3")


def page_of(image: Image) -> str:
    return reverse("images:install", args=[image.pk])


def form_of(**other: Any) -> dict[str, Any]:
    flavor = tiny_flavor()
    zone = flavor.pk and factories.AvailabilityZone.objects.first().pk
    return {"name": "installer", "flavor": flavor.pk, "zone": zone, "system_disk_gb": 2, **other}


# the rule


def test_only_normal_iso_images_of_the_region_are_installed(people) -> None:
    """R7, R66."""
    assert can_install(iso(people.bob), people.alice)
    assert can_install(iso(people.bob), people.dave).code == "read-only"
    assert can_install(iso(people.bob, status="saving"), people.bob).code == "not-active"
    assert can_install(iso(people.bob, region=elsewhere()), people.bob).code == "other-region"
    for kind in OTHER:
        image = factories.ImageFactory(project=people.bob.project, type=kind)
        assert can_install(image, people.bob).code == "not-iso"
    assert can_launch(iso(people.bob), people.bob).code == "iso-image"


def test_the_order_asks_for_disk_flavor_and_quota(people) -> None:
    image, zone = iso(people.bob, min_disk_gb=4), people.bob.region.zones.get()

    def code(**other: Any) -> str:
        plain = {"image": image, "flavor": tiny_flavor(), "zone": zone, "name": "i", "system_disk_gb": 4}
        return can_install_server(Launch(**{**plain, **other}), people.bob).code

    assert code() == ""
    assert code(system_disk_gb=3) == "system-disk-size"
    assert code(zone=factories.ZoneFactory(region=elsewhere())) == "other-region"
    assert code(flavor=factories.FlavorFactory(name="arm", architecture="arm")) == "fit-architecture"
    people.bob.project.quotas = {"servers": 0}
    people.bob.project.save()
    assert code() == "quota-servers"


# the service


def test_a_temporary_server_has_one_blank_disk_and_a_cd(people) -> None:
    image = iso(people.bob, boot_mode="uefi", min_disk_gb=3)
    server = install_server(image=image, flavor=tiny_flavor(), name="installer", actor=people.bob)
    assert server.is_temporary
    assert (server.boot_mode, server.image) == ("uefi", image)
    (disk,) = server.disks.all()
    assert (disk.role, disk.size_gb) == ("system", 3)
    job = Job.objects.get(subject_id=server.pk)
    assert job.kind == "server.create"
    assert (job.args["image_ref"], job.args["cd_ref"]) == ("", image.disks.get().ref)


def test_who_may_not_gets_no_server(people) -> None:
    image = iso(people.bob)
    with pytest.raises(Refused):
        install_server(image=image, flavor=tiny_flavor(), name="installer", actor=people.dave)
    with pytest.raises(ValidationError):
        install_server(image=image, flavor=tiny_flavor(), name="no spaces", actor=people.bob)
    assert not Server.objects.exists()


def test_it_takes_no_disks_and_no_other_system(people) -> None:
    """R66, R67."""
    server = factories.ServerFactory(
        project=people.bob.project, image=iso(people.bob), is_temporary=True, ref="there", status="stopped"
    )
    system = factories.ImageFactory(project=people.bob.project, os_version=None)
    assert can_take_disk(server, people.bob).code == "temporary-server"
    assert can_change_os(server, people.bob).code == "temporary-server"
    assert can_reinstall_os(server, people.bob).code == "temporary-server"
    normal = factories.ServerFactory(project=people.bob.project, image=system, ref="there", status="stopped")
    assert can_take_disk(normal, people.bob)
    assert can_change_os(normal, people.bob)


# the page


def test_the_page_makes_one_and_goes_there(people) -> None:
    image = iso(people.bob)
    client = client_of(people.bob)
    assert client.get(page_of(image)).status_code == 200
    wrong = client.post(page_of(image), form_of(system_disk_gb=0))
    assert wrong.status_code == 422
    answer = gone_through(client, page_of(image), form_of())
    server = Server.objects.get()
    assert bare(answer["Location"]) == server.get_absolute_url()
    page = client.get(server.get_absolute_url()).content.decode()
    assert "Temporary server" in page
    assert reverse("servers:screen", args=[server.pk]) in page
    servers = reverse("servers:list")
    assert server.name in client.get(servers, {"temporary": "yes"}).content.decode()
    assert str(server.pk) not in client.get(servers, {"temporary": "no"}).content.decode()


def test_the_page_begins_with_the_image_s_flavor_or_the_smallest_that_fits(people) -> None:
    image, small = iso(people.bob, max_ram_mb=4096), tiny_flavor()
    large, too_large = (factories.FlavorFactory(name=f"s6-{mb}", memory_mb=mb) for mb in (2048, 8192))

    def chosen() -> list[str]:
        choices = client_of(people.bob).get(page_of(image)).context["flavors"]
        return [choice.thing.pk for choice in choices if choice.is_chosen]

    for default, first in ((None, small), (large, large), (too_large, small)):
        Image.objects.filter(pk=image.pk).update(default_flavor=default)
        assert chosen() == [first.pk]


def test_others_meet_no_form(people) -> None:
    image = iso(people.bob)
    assert client_of(people.dave).post(page_of(image), form_of()).status_code == 409
    assert "read-only" in client_of(people.dave).get(page_of(image)).content.decode()
    assert client_of(people.carol).post(page_of(image), form_of()).status_code == 404
    assert not Server.objects.exists()


# the guest


@pytest.mark.guest
def test_it_boots_its_cd_also_when_the_image_is_gone(people, engine) -> None:  # noqa: F811
    image = iso_image(people.bob)
    server = install_server(image=image, flavor=tiny_flavor(), name="installer", actor=people.bob)
    run_jobs()
    server.refresh_from_db()
    assert server.status == "running", server.status_sentence
    wait_for(engine, server.ref, WORD)
    delete_image(image, actor=people.bob)
    run_jobs()
    engine.delete(image.disks.get().ref, work=Unwatched())
    assert server_spec(server).cd_ref
    reboot_server(server, actor=people.bob)
    run_jobs()
    wait_for(engine, server.ref, WORD, times=2)
    server.refresh_from_db()
    delete_server(server, delete_disks=True, actor=people.bob)
    run_jobs()
    assert files_of(server) == []


@pytest.mark.slow(reason="a new worker dies at every point")
@pytest.mark.guest
@pytest.mark.django_db(transaction=True)
def test_making_one_survives_every_death_of_its_worker(people, engine) -> None:  # noqa: F811
    image, flavor = iso_image(people.bob), tiny_flavor()

    def start() -> Job:
        server = install_server(image=image, flavor=flavor, name="installer", actor=people.bob)
        return Job.objects.live().about(server.pk).get()

    def check(job: Job) -> None:
        server = Server.objects.get(pk=job.subject_id)
        done = job.state == Job.State.DONE
        assert server.status == ("running" if done else "failed")
        assert bool(server.cd_ref) == bool(server.ref) == done
        assert len(files_of(server)) == (2 if done else 0)

    def clear(job: Job) -> None:
        delete_server(Server.objects.get(pk=job.subject_id), delete_disks=True, actor=people.bob)
        run_jobs()

    kill_at_every_step(CreateServer, start, check, clear, where="machine|undo:start:fenced")
