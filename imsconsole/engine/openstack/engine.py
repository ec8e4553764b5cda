"""The engine of a cloud: each verb, in the room that does it."""

from collections.abc import Iterable
from uuid import UUID

from imsconsole.engine.openstack.cloud import Cloud, CloudSettings
from imsconsole.engine.openstack.images import Images
from imsconsole.engine.openstack.listing import Listing
from imsconsole.engine.openstack.volumes import Volumes
from imsconsole.engine.types import (
    Capabilities,
    DiskSpec,
    Foreign,
    Inventory,
    Key,
    Kind,
    ServerSpec,
    Space,
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
    def foreign(self) -> tuple[Foreign, ...]:
        return self._listing.foreign()

    # stored disks of images (images.py)

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
