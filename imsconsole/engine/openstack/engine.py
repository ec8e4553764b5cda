"""The engine of a cloud: each verb, in the room that does it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO
from uuid import UUID

from imsconsole.core.errors import Unsupported
from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.openstack.abilities import capabilities, free_space
from imsconsole.engine.openstack.attaching import Attaching
from imsconsole.engine.openstack.capturing import Captures
from imsconsole.engine.openstack.cloud import Cloud, CloudSettings
from imsconsole.engine.openstack.images import Images
from imsconsole.engine.openstack.listing import Listing, Things
from imsconsole.engine.openstack.servers import Servers
from imsconsole.engine.openstack.switching import Switching
from imsconsole.engine.openstack.volumes import Volumes
from imsconsole.engine.types import (
    Asked,
    Capabilities,
    DiskSpec,
    Exported,
    Foreign,
    Found,
    Inventory,
    Key,
    Kind,
    PublicImage,
    ServerSpec,
    ServerState,
    Sink,
    Source,
    Space,
    StoredDisk,
    Use,
    WebSocket,
    Work,
    never,
)


class OpenStackEngine:
    """Speaks the protocol of `engine.api`, which says what each verb does."""

    def __init__(self, settings: CloudSettings, store: Cloud | None = None) -> None:
        """`store`: the project where images are, if it is not the one where all else is."""
        self.cloud = Cloud(settings)
        self._store = store or self.cloud
        self._elsewhere: dict[str, OpenStackEngine] = {}
        self._images = Images(self._store)
        self._volumes = Volumes(self.cloud, self._images)
        self._servers = Servers(self.cloud, self._volumes)
        self._switching = Switching(self._servers, self._volumes)
        self._attaching = Attaching(self._servers.machines, self._volumes)
        self._captures = Captures(self.cloud, self._images, self._volumes, self._servers.machines)
        rooms: Sequence[Things] = [self._images, self._volumes, self._captures, self._servers]
        self._listing = Listing(rooms)

    def at(self, project: str) -> "OpenStackEngine":
        """One for each project, as that of the region itself is."""
        if project not in self._elsewhere:
            settings = replace(self.cloud.settings, name=project)
            self._elsewhere[project] = type(self)(settings, self._store)
        return self._elsewhere[project]

    # what there is
    def capabilities(self) -> Capabilities:
        flavors = self._servers.machines.flavors
        return capabilities(self.cloud.settings, flavors, isolated=self._images.is_isolated)

    def free_space(self) -> Space | None:
        return free_space(self._store, self.cloud)

    def inventory(self) -> Inventory:
        return self._listing.inventory()

    def find(self, kind: Kind, id: UUID) -> tuple[str, ...]:
        return self._listing.find(kind, id)

    def sweep(self, token: str, *, keep_captures: bool = False) -> None:
        self._listing.sweep(token, keep_captures=keep_captures)

    def discard(self, ids: Iterable[UUID], token: str, *, work: Work, server: UUID | None = None) -> None:
        self._listing.discard(ids, token, work=work, server=server)

    def remove_stray(self, name: str) -> None:
        """There is none: what we did not make is somebody else's."""

    # what is not ours
    def public_images(self) -> tuple[PublicImage, ...]:
        return self._images.public()

    def adopt(self, cloud_id: str) -> StoredDisk:
        return self._images.adopt(cloud_id)

    def foreign(self) -> tuple[Foreign, ...]:
        return self._listing.foreign()

    # stored disks of images (images.py)
    @raises_no_space()
    def ingest(
        self,
        disk_id: UUID,
        source: Source,
        *,
        format: str,
        work: Work,
        key: Key | None = None,
        limit_bytes: int = 0,
    ) -> StoredDisk:
        return self._images.ingest(disk_id, source, format, work, key, limit_bytes)

    @raises_no_space()
    def copy(
        self, disk_id: UUID, ref: str, *, work: Work, key: Key | None = None, new_key: Key | None = None
    ) -> StoredDisk:
        return self._images.copy(disk_id, ref, work, key, new_key)

    @raises_no_space()
    def transfer(
        self, disk_id: UUID, source: Source, *, checksum: str, format: str, work: Work
    ) -> StoredDisk:
        return self._images.transfer(disk_id, source, checksum, format, work)

    def open(self, ref: str, offset: int = 0) -> BinaryIO:
        return self._images.open(ref, offset)

    def verify(self, ref: str, checksum: str, *, work: Work) -> bool:
        return self._images.verify(ref, checksum, work)

    def system_on(self, ref: str) -> Found:
        return self._images.system_on(ref)

    def resting_on(self, ref: str) -> frozenset[str]:
        return self._images.resting_on(ref)

    @raises_no_space()
    def export(
        self, ref: str, sink: Sink, *, format: str, work: Work, key: Key | None = None, limit_bytes: int = 0
    ) -> Exported:
        return self._images.export(ref, sink, format, work, key, limit_bytes)

    def delete(self, ref: str, *, work: Work) -> None:
        self._images.delete(ref, work)

    # captures (capturing.py)
    def capture(
        self, server: ServerSpec | None, disks: Mapping[UUID, DiskSpec], *, work: Work
    ) -> dict[UUID, StoredDisk]:
        return self._captures.capture(server, disks, work=work)

    def capture_bytes(self, disks: Iterable[DiskSpec]) -> int:
        return self._captures.capture_bytes(disks)

    # disks of servers (volumes.py)
    def create_disk(
        self, disk_id: UUID, size_bytes: int, *, work: Work, image_ref: str = "", key: Key | None = None
    ) -> str:
        return self._volumes.create_disk(disk_id, size_bytes, work=work, image_ref=image_ref, key=key)

    def grow_disk(
        self, disk: DiskSpec, size_bytes: int, *, work: Work, server: ServerSpec | None = None
    ) -> str:
        return self._volumes.grow_disk(disk, size_bytes, work=work, server=server)

    def delete_disk(self, ref: str, *, work: Work) -> None:
        self._volumes.delete_disk(ref, work=work)

    # servers (servers.py, switching.py)
    def create_server(self, server: ServerSpec, image_ref: str = "", *, work: Work) -> ServerSpec:
        return self._servers.create(server, image_ref, work=work)

    def switch_system_disk(
        self, server: ServerSpec, incoming: DiskSpec, image_ref: str = "", *, work: Work
    ) -> ServerSpec:
        return self._switching.switch_system_disk(server, incoming, image_ref, work=work)

    def resize(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        return self._switching.resize(server, work=work)

    def start(self, server: ServerSpec, *, work: Work) -> ServerSpec:
        return self._servers.start(server, work=work)

    def stop(self, ref: str, *, graceful_s: float, work: Work, is_forced: Asked = never) -> ServerState:
        return self._servers.stop(ref, work=work)

    def reboot(
        self, server: ServerSpec, *, graceful_s: float, work: Work, is_forced: Asked = never
    ) -> ServerSpec:
        return self._servers.reboot(server, graceful_s=graceful_s, work=work, is_forced=is_forced)

    def delete_server(self, ref: str, *, work: Work) -> None:
        self._servers.delete(ref, work=work)

    def states(self, refs: Iterable[str]) -> dict[str, ServerState]:
        return self._servers.states(refs)

    def uses(self, refs: Iterable[str], *, limit_s: float) -> dict[str, Use]:
        """Nova tells it to administrators only."""
        return {}

    # what servers have (attaching.py)
    def attach(self, server: ServerSpec, disk: DiskSpec, *, work: Work) -> str:
        return self._attaching.attach(server, disk, work=work)

    def detach(self, server: ServerSpec, disk: DiskSpec, *, work: Work) -> None:
        self._attaching.detach(server, disk, work=work)

    def mount_iso(self, server: ServerSpec, iso_ref: str, *, work: Work) -> str:
        """Nova's machines have no drives that something comes into."""
        raise Unsupported("no-trays")

    def eject_iso(self, server: ServerSpec, *, work: Work) -> None:
        raise Unsupported("no-trays")

    # screens and consoles (consoles.py)
    def screen(self, ref: str) -> bytes:
        return self._servers.consoles.screen(self._servers.running_machine(ref))

    def console_endpoint(self, ref: str) -> WebSocket:
        return self._servers.consoles.endpoint(self._servers.running_machine(ref))

    def serial_endpoint(self, ref: str) -> WebSocket:
        return self._servers.consoles.serial(self._servers.running_machine(ref))

    def console_log(self, ref: str, *, limit_bytes: int = 65536, joined: bool = False) -> str:
        return self._servers.consoles.log(self._servers.machine(ref), limit_bytes)
