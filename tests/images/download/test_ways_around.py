"""R73, R74: what may not leave does not become what may, whatever is made of it on the way."""

from types import SimpleNamespace
from typing import Any

import pytest

from images.capture.full.services import capture_full, make_of_backup
from images.capture.services import capture_disk, capture_server
from images.copy.services import copy_image
from images.download.rules import DOWNLOAD_FACTS, can_download
from images.launch.services import create_servers
from images.models import Image
from images.restore.services import restore_to_new_server
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Backup, Disk, Server
from imsconsole.jobs.models import Job
from market.shop.services import accept_terms
from tests import factories
from tests.cloud.servers.machines import tiny_flavor

pytestmark = pytest.mark.django_db


def done(thing: Any) -> Any:
    """As if its job had ended."""
    Job.objects.live().update(state="done")
    if isinstance(thing, Server):
        Server.objects.filter(pk=thing.pk).update(status="stopped", ref="there", task="")
        Disk.objects.filter(server=thing).update(status="in-use", ref="there")
    else:
        Image.objects.filter(pk=thing.pk).update(status="active")
        Backup.objects.filter(images=thing).update(status="available")
        if not thing.disks.exists():
            factories.ImageDiskFactory(image=thing)
    return type(thing).objects.get(pk=thing.pk)


def server_of(image: Image, actor: Actor) -> Server:
    flavor = tiny_flavor()
    return done(create_servers(actor=actor, image=image, flavor=flavor, name="web", user_data="#!")[0])


def backup_of(image: Image, actor: Actor) -> Backup:
    vault = factories.VaultFactory(project=actor.project)
    backup = factories.BackupFactory(project=actor.project, image=image, vault=vault)
    factories.BackupDiskFactory(backup=backup)
    return backup


def captured(image: Image, actor: Actor) -> Image:
    return done(capture_server(server_of(image, actor), name="captured", actor=actor))


def captured_as_a_disk(image: Image, actor: Actor) -> Image:
    disk = server_of(image, actor).disks.get(role=Disk.Role.SYSTEM)
    return done(capture_disk(disk, name="disk", os_version=None, actor=actor))


def captured_whole(image: Image, actor: Actor) -> Image:
    vault = factories.VaultFactory(project=actor.project)
    return done(capture_full(server_of(image, actor), vault=vault, name="whole", actor=actor))


def of_a_backup(image: Image, actor: Actor) -> Image:
    return done(make_of_backup(backup_of(image, actor), name="of-backup", actor=actor))


def restored(image: Image, actor: Actor) -> Image:
    server = restore_to_new_server(backup_of(image, actor), name="new", flavor=tiny_flavor(), actor=actor)
    return done(capture_server(done(server), name="restored", actor=actor))


def copied(image: Image, actor: Actor) -> Image:
    return done(copy_image(image, name="copied", actor=actor))


WAYS = {
    "a server": (captured,),
    "its disk": (captured_as_a_disk,),
    "a full-ECS image": (captured_whole,),
    "a server of a full-ECS image": (captured_whole, captured),
    "a backup": (of_a_backup,),
    "a server of an image of a backup": (of_a_backup, captured),
    "a restored backup": (restored,),
    "a copy of what was captured": (captured, copied),
    "a server of that copy": (captured, copied, captured_as_a_disk),
}


def of_the_market(people: SimpleNamespace) -> Image:
    """Carol's offer, whose terms are accepted."""
    edition = factories.EditionFactory(version_of__listing__project=people.carol.project)
    accept_terms(edition.version_of, actor=people.alice)
    return edition.image


def of_a_licence(people: SimpleNamespace) -> Image:
    """A public Windows that may even be copied and downloaded itself."""
    os = factories.OsVersionFactory(name="win", platform="Windows", os_type="Windows")
    return factories.PublicImageFactory(region=people.bob.region, os_version=os, released=True)


OF = {"market": of_the_market, "licensed": of_a_licence}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("origin", OF)
def test_whatever_is_made_of_it_stays(people, way, origin):
    image = OF[origin](people)
    factories.ImageDiskFactory(image=image)
    for number, make in enumerate(WAYS[way]):
        image = make(image, people.bob)
        Image.objects.filter(pk=image.pk).update(name=f"{image.name}-{number}")
    asked = Image.objects.with_facts(people.bob, *DOWNLOAD_FACTS).get(pk=image.pk)
    wanted = "full-ecs" if asked.type == Image.Type.FULL else f"from-{origin}"
    assert can_download(asked, people.bob).code == wanted
