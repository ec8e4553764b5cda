"""The engine of a cloud: each verb, in the room that does it."""

from collections.abc import Iterable
from typing import BinaryIO
from uuid import UUID

from imsconsole.core.full_disk import raises_no_space
from imsconsole.engine.openstack.cloud import Cloud, CloudSettings
from imsconsole.engine.openstack.images import Images
from imsconsole.engine.openstack.listing import Listing
from imsconsole.engine.openstack.volumes import Volumes
from imsconsole.engine.types import (
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
    Sink,
    Source,
    Space,
    StoredDisk,
    Work,
)


class OpenStackEngine:
    """Speaks the protocol of `engine.api`, which says what each verb does."""

    def __init__(self, settings: CloudSettings) -> None:
        self.cloud = Cloud(settings)
        self._images = Images(self.cloud)
        self._volumes = Volumes(self.cloud, self._images)
        self._listing = Listing(self.cloud, [self._images, self._volumes])

    # what there is
    def capabilities(self) -> Capabilities:
        return self._listing.capabilities()

    def free_space(self) -> Space | None:
        return self._listing.free_space()

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

    # captures (capturing.py): capture, capture_bytes

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

    # servers (machines.py, switching.py): create_server, switch_system_disk, resize, start, stop, reboot, delete_server,
    # states, uses

    # what servers have (machines.py): attach, detach, mount_iso, eject_iso

    # screens and consoles (consoles.py): screen, console_endpoint, serial_endpoint, console_log
