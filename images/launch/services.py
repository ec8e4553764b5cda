"""Creating servers from an image."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from images.launch.install.rules import can_install_server
from images.launch.rules import Launch, can_create_servers
from images.models import Image, ImageDisk
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import AvailabilityZone, Region
from imsconsole.cloud.models import Disk, Flavor, KeyPair, Server
from imsconsole.cloud.names import host_name, numbered_names, server_name
from imsconsole.cloud.servers.addresses import free_addresses, free_macs
from imsconsole.cloud.servers.jobs import CreateServer
from imsconsole.cloud.stored.rows import use_stored
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked, locked_many
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.start import start_job


@service("createServer")
def create_servers(
    *,
    actor: Actor,
    image: Image,
    flavor: Flavor,
    name: str,
    zone: AvailabilityZone | None = None,
    count: int = 1,
    system_disk_gb: int | None = None,
    data_disks_gb: Sequence[int] = (),
    data_images: Sequence[Image | None] = (),
    key_pair: KeyPair | None = None,
    password_hash: str = "",
    user_data: str = "",
    auto_start: bool = False,
) -> list[Server]:
    """Create `count` servers, one job each; all are asked for before the first, so it is all or none.

    `zone` is the region's first when not given, `system_disk_gb` the image's least; `data_images` are what the
    data disks are made of, None for blank ones. Names are numbered when there are several. Raises Refused,
    NotFound, ValidationError (name).
    """
    images = _reserved([image, *(each for each in data_images if each)], actor)
    image, key_pair = images[image.pk], _kept(key_pair)
    launch = Launch(
        image=image,
        flavor=flavor,
        zone=zone or actor.region.zones.earliest("code"),
        name=name,
        system_disk_gb=system_disk_gb or image.min_disk_gb,
        count=count,
        data_disks_gb=tuple(data_disks_gb),
        data_images=tuple(images[each.pk] if each else None for each in data_images),
        key_pair=key_pair,
        password_hash=password_hash,
        user_data=user_data,
        auto_start=auto_start,
    )
    can_create_servers(launch, actor).require()
    return _create_all(launch, actor)


def _reserved(images: Iterable[Image], actor: Actor) -> dict[UUID, Image]:
    """The images as they are now, by key: not deleted before servers and disks refer to them. Raises NotFound.

    The project's quota and the region's memory are held as well.
    """
    lock_project(actor.project)
    locked(Region.objects.all(), actor.region.pk)
    visible = Image.objects.visible_to(actor).select_related("os_version", "backup__zone", "key")
    return locked_many(visible, (each.pk for each in images))


def _kept(key_pair: KeyPair | None) -> KeyPair | None:
    """The key pair, kept from being deleted until the servers refer to it. Raises NotFound."""
    if key_pair is None:
        return None
    return locked(KeyPair.objects.all(), key_pair.pk, gone=NotFound("key-pair-gone", name=key_pair.name))


def _create_all(launch: Launch, actor: Actor) -> list[Server]:
    names = numbered_names(launch.name, launch.count)
    for name in names:
        server_name(name)
    addresses, macs = free_addresses(actor.project), free_macs()
    stored = launch.image.disks.earliest("index")
    bytes_of = {"image_ref": stored.ref}
    return [_create(launch, name, next(addresses), next(macs), bytes_of, actor) for name in names]


@service("installServer")
def install_server(
    *,
    actor: Actor,
    image: Image,
    flavor: Flavor,
    name: str,
    zone: AvailabilityZone | None = None,
    system_disk_gb: int | None = None,
) -> Server:
    """A temporary server with a blank system disk and the ISO image in its CD drive (§2.10).

    `zone` is the region's first when not given, `system_disk_gb` the image's least. Raises Refused,
    NotFound, ValidationError (name).
    """
    image = _reserved([image], actor)[image.pk]
    order = Launch(
        image=image,
        flavor=flavor,
        zone=zone or actor.region.zones.earliest("code"),
        name=name,
        system_disk_gb=system_disk_gb or image.min_disk_gb,
    )
    can_install_server(order, actor).require()
    server_name(name)
    address, mac = next(free_addresses(actor.project)), next(free_macs())
    bytes_of = {"image_ref": "", "cd_ref": image.disks.earliest("index").ref}
    return _create(order, name, address, mac, bytes_of, actor)


def _create(
    launch: Launch, name: str, address: str, mac: str, bytes_of: dict[str, Any], actor: Actor
) -> Server:
    server = Server(
        project=actor.project,
        name=name,
        zone=launch.zone,
        flavor=launch.flavor,
        image=launch.image,
        boot_mode=launch.image.boot_mode,
        architecture=launch.image.architecture,
        auto_start=launch.auto_start,
        private_ip=address,
        mac=mac,
        key_pair=launch.key_pair,
        ssh_key=launch.key_pair.public_key if launch.key_pair else "",
        password_hash=launch.password_hash,
        user_data=launch.user_data,
        is_temporary="cd_ref" in bytes_of,
        created_by=actor.user,
    )
    server.host_name = host_name(name, f"ecs-{server.pk.hex[:8]}")
    server.save(force_insert=True)
    disk_refs = _create_disks(launch, server)
    job = start_job(CreateServer, server, actor=actor, disk_refs=disk_refs, **bytes_of)
    use_stored(job, ImageDisk.objects.filter(image__in={launch.image, *launch.data_images}))
    return server


def _create_disks(launch: Launch, server: Server) -> dict[str, str]:
    """The rows of the system disk (index 0) and the data disks behind it.

    Those of a full-ECS image come to the places they had; the stored disk of each is returned by its ID.
    """
    refs: dict[str, str] = {}
    places = _places(launch)
    for number, size_gb in enumerate((launch.system_disk_gb, *launch.data_disks_gb)):
        (index, source), origin = places[number], _origin(launch, number)
        disk = Disk.objects.create(
            project=server.project,
            zone=server.zone,
            name=f"{server.name}-data-{number}" if number else f"{server.name}-system",
            role=Disk.Role.DATA if number else Disk.Role.SYSTEM,
            size_gb=size_gb,
            server=server,
            index=index,
            image=origin,
            key=origin.key if origin else source.key if source else None,
            multi_queue=not number and launch.image.nic_multi_queue,
            secure_boot=not number and launch.image.secure_boot,
            tpm=not number and launch.image.tpm,
        )
        if source:
            refs[str(disk.pk)] = source.ref
    return refs


def _origin(launch: Launch, number: int) -> Image | None:
    """The image a disk comes from by itself; those of a full-ECS image come from the server's."""
    return [launch.image, *launch.data_images, *[None] * len(launch.data_disks_gb)][number]


def _places(launch: Launch) -> list[tuple[int, ImageDisk | None]]:
    """The index of each disk, the system disk first, and of data disks what they are filled from."""
    sources: list[ImageDisk] = []
    if launch.image.type == Image.Type.FULL:
        sources = list(launch.image.disks.exclude(index=0).order_by("index"))
    taken = {source.index for source in sources}
    free = (index for index in itertools.count(1) if index not in taken)
    chosen = [_origin(launch, number + 1) for number in range(len(sources), len(launch.data_disks_gb))]
    return [
        (0, None),
        *((source.index, source) for source in sources),
        *((next(free), image.disks.earliest("index") if image else None) for image in chosen),
    ]
