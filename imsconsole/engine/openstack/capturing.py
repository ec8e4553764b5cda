"""Captures: stored disks made of a server's disks as they are at one instant, while it goes on.

Its machine is paused for as long as it takes to make a snapshot of each volume. Each snapshot becomes a volume (a twin), the
twin an image, the images stored disks once all of them are whole. What a capture needs while it runs has the kind `work`, and
the ID of the stored disk it is for.

A machine says in its metadata for which work it is paused, before it is; snapshots say afterwards of which work's instant they
are: whoever comes after a killed worker wakes the machine, and goes on with snapshots only if all of them say the same.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from imsconsole.core.errors import Conflict, ImsError, NotFound, Unavailable, Unsupported
from imsconsole.engine.openstack.cinder import Cinder
from imsconsole.engine.openstack.cloud import Cloud, Found
from imsconsole.engine.openstack.glance import Image
from imsconsole.engine.openstack.images import Images
from imsconsole.engine.openstack.machines import Machines
from imsconsole.engine.openstack.marks import CONSOLE, ID, KIND, TOKEN, WORK, is_ours, marked
from imsconsole.engine.openstack.volumes import Volumes
from imsconsole.engine.types import (
    GIB,
    MIB,
    DiskSpec,
    Foreign,
    Kind,
    Mark,
    ServerSpec,
    StoredDisk,
    Unwatched,
    Work,
)

PAUSED_FOR = "ims_paused"  # of a machine: the work it is paused for
# of a snapshot: the work that made it while the machine was paused for it; UNSURE until that is known, empty: at rest
INSTANT, UNSURE = "ims_instant", "unsure"
TRIES = 3  # of a machine that somebody else wakes, or that ends, while its disks are captured
HASTE = {"limit_s": 120.0, "most_s": 0.3}  # while a machine is paused

Twin = tuple[Cinder, Found]  # where it is, and it

logger = logging.getLogger(__name__)


class Awake(Exception):
    """The machine was not paused all the time: its snapshots are not of one instant."""


@dataclass
class Hurry(Unwatched):
    """The work of others, without asking whether it is still theirs: whoever has paused a machine wakes it, and tidies up."""

    token: str


class Captures:
    kind = Kind.STORED

    def __init__(self, cloud: Cloud, images: Images, volumes: Volumes, machines: Machines) -> None:
        self._console = cloud.settings.console
        self._kept = images.kept
        self._glance = images.glance
        self._volumes = volumes
        self._cinder = volumes.cinder
        self._store = images.cloud
        # where images are made of volumes: of another project they are handed over to it
        self._there = volumes.cinder if images.cloud is cloud else Cinder(images.cloud)
        self._machines = machines
        self._nova = machines.nova

    # what there is
    def all(self) -> Mapping[str, Mark]:
        return {}

    def found(self, id: UUID) -> tuple[str, ...]:
        return ()

    def running(self) -> frozenset[str]:
        return frozenset()

    def foreign(self) -> Iterable[Foreign]:
        return ()

    def scraps(self) -> frozenset[str]:
        twins = [twin for _cinder, twin in self._twins()]
        left = [each["metadata"][TOKEN] for each in (*twins, *self._snapshots())]
        left += [image[TOKEN] for image in self._uploads()]
        return frozenset(left) | {machine["metadata"][PAUSED_FOR] for machine in self._paused_machines()}

    def sweep(self, token: str, *, keep_captures: bool) -> None:
        """Wake what such work has paused, whatever is kept."""
        work = Hurry(token)
        for machine in self._paused_machines():
            if machine["metadata"][PAUSED_FOR].startswith(token):
                self._wake(machine["id"], work)
        if not keep_captures:
            self._clear(lambda marks: str(marks[TOKEN]).startswith(token), work)

    def discard(self, ids: frozenset[UUID], token: str, *, work: Work, server: UUID | None) -> None:
        """All of it was swept: what is stored is one of the images."""

    # capturing
    def capture(
        self, server: ServerSpec | None, disks: Mapping[UUID, DiskSpec], *, work: Work
    ) -> dict[UUID, StoredDisk]:
        if any(disk.key for disk in disks.values()):
            raise Unsupported("no-encryption")
        volumes = {stored: self._volumes.volume(disk.ref) for stored, disk in disks.items()}
        stored = self._taken_over(volumes, work)
        if not stored:
            try:
                snapshots = self._snapshots_of(server, volumes, work)
                stored = self._finished(self._uploaded(snapshots, work), snapshots, work)
            except ImsError:
                with suppress(ImsError):
                    self._clear_for(volumes, Hurry(work.token), work.token)
                raise
        try:  # what is finished is not ended any more
            self._clear_for(volumes, Hurry(work.token))
        except ImsError as error:  # the next sweep of this work, or the inventory, finds it
            logger.warning("A capture has left something in the cloud: %s", error)
        return stored

    def capture_bytes(self, disks: Iterable[DiskSpec]) -> int:
        """As much as the disks have room for: nobody tells what of it is written."""
        sizes = [int(self._volumes.volume(disk.ref)["size"]) * GIB for disk in disks]
        return sum(size + size // 4096 + 4 * MIB for size in sizes)

    def _taken_over(self, volumes: Mapping[UUID, Found], work: Work) -> dict[UUID, StoredDisk]:
        """What an earlier attempt finished, all of it; a part of it is of no use and is removed."""
        there = {stored: self._kept.under(stored) for stored in volumes}
        if all(there.values()):
            taken = {stored: self._kept.taken_over(stored, work) for stored in volumes}
            return {stored: disk for stored, disk in taken.items() if disk}
        for image in (image for images in there.values() for image in images):
            work.hold()
            self._glance.delete(image["id"])
        return {}

    # snapshots
    def _snapshots_of(
        self, server: ServerSpec | None, volumes: Mapping[UUID, Found], work: Work
    ) -> dict[UUID, Found]:
        """One of each volume, all of one instant."""
        for _ in range(TRIES):
            machine = self._machines.settled(server.id, work) if server else None
            if machine and machine["metadata"].get(PAUSED_FOR):
                work.hold()
                machine = self._wake(machine["id"], work)
            if there := self._going_on(machine, volumes, work):
                return there
            self._clear_for(volumes, work)
            with suppress(Awake, Conflict):
                return self._taken(machine, volumes, work)
        raise Unavailable("capture-failed", detail=f"{server.name if server else ''} {TRIES}x")

    def _going_on(
        self, machine: Found | None, volumes: Mapping[UUID, Found], work: Work
    ) -> dict[UUID, Found]:
        """The snapshots of an earlier attempt, as this one's, if all are there and of one instant."""
        is_at_rest = machine is None or machine["status"] != "ACTIVE"
        found: dict[UUID, Found] = {}
        for each in self._snapshots():
            instant, stored = each["metadata"].get(INSTANT, ""), UUID(each["metadata"][ID])
            is_good = instant != UNSURE if instant else is_at_rest
            if is_good and stored in volumes and each["volume_id"] == volumes[stored]["id"]:
                found[stored] = each
        instants = {each["metadata"].get(INSTANT, "") for each in found.values()}
        if len(found) < len(volumes) or len(instants) != 1:
            return {}
        for each in found.values():
            work.hold()
            self._cinder.mark("snapshots", each["id"], **{TOKEN: work.token})
        return {stored: self._cinder.whole("snapshots", found[stored]["id"], work) for stored in volumes}

    def _taken(self, machine: Found | None, volumes: Mapping[UUID, Found], work: Work) -> dict[UUID, Found]:
        """New ones. Raises Awake, Conflict (the machine has something else to do), NoSpace, Unavailable."""
        if machine is None or machine["status"] != "ACTIVE":
            work.hold()
            begun = self._begun(volumes, work, "")
            return {
                stored: self._cinder.whole("snapshots", each["id"], work) for stored, each in begun.items()
            }
        with self._paused(machine["id"], work):
            begun, hurry = self._begun(volumes, work, UNSURE), Hurry(work.token)
            taken = {
                stored: self._cinder.whole("snapshots", each["id"], hurry, **HASTE)
                for stored, each in begun.items()
            }
        for each in taken.values():
            self._cinder.mark("snapshots", each["id"], **{INSTANT: work.token})
        return taken

    def _begun(self, volumes: Mapping[UUID, Found], work: Work, instant: str) -> dict[UUID, Found]:
        return {
            stored: self._cinder.create(
                "snapshots",
                volume_id=volume["id"],
                name=f"ims-{stored}",
                force=True,
                metadata=marked(self._console, WORK, stored, work.token, **{INSTANT: instant}),
            )
            for stored, volume in volumes.items()
        }

    # the pause
    @contextmanager
    def _paused(self, machine_id: str, work: Work) -> Iterator[None]:
        """A machine that stands still meanwhile. Raises Awake when it did not, Conflict."""
        self._nova.mark(machine_id, **{PAUSED_FOR: work.token})
        work.hold()
        hurry, began = Hurry(work.token), time.monotonic()
        try:
            self._nova.act(machine_id, "pause")
            self._require_paused(self._machines.idle(machine_id, hurry), work)
            yield
            self._require_paused(self._nova.get(machine_id), work)
            self._nova.act(machine_id, "unpause")
        except BaseException:
            if not self._is_others(machine_id, work):
                self._wake(machine_id, hurry)
            raise
        logger.info("Machine %s was paused for %.2f s", machine_id, time.monotonic() - began)
        self._machines.idle(machine_id, hurry)
        self._nova.mark(machine_id, **{PAUSED_FOR: ""})

    def _require_paused(self, machine: Found | None, work: Work) -> None:
        is_ours = machine and machine["metadata"].get(PAUSED_FOR) == work.token
        if not machine or not is_ours or machine["status"] != "PAUSED":
            raise Awake

    def _is_others(self, machine_id: str, work: Work) -> bool:
        """Whether another attempt has paused it since, which wakes it itself."""
        machine = self._nova.get(machine_id)
        return machine is None or machine["metadata"].get(PAUSED_FOR) not in ("", None, work.token)

    def _wake(self, machine_id: str, work: Work) -> Found | None:
        """Let it go on, and forget for what it was paused."""
        machine = self._machines.idle(machine_id, work)
        if machine and machine["status"] == "PAUSED":
            with suppress(Conflict):  # it was woken just now
                self._nova.act(machine_id, "unpause")
            machine = self._machines.idle(machine_id, work)
        if machine:
            self._nova.mark(machine_id, **{PAUSED_FOR: ""})
        return machine

    def _paused_machines(self) -> list[Found]:
        return [each for each in self._machines.all() if each["metadata"].get(PAUSED_FOR)]

    # twins and images
    def _uploaded(self, snapshots: Mapping[UUID, Found], work: Work) -> dict[UUID, Image]:
        """An image of each snapshot, whole; begun together, and gone on with where an earlier attempt has begun."""
        begun = {stored: self._twin(stored, snapshot, work) for stored, snapshot in snapshots.items()}
        twins = {stored: self._brought(cinder, twin, work) for stored, (cinder, twin) in begun.items()}
        images = {stored: self._upload(stored, twin, work) for stored, twin in twins.items()}
        return {stored: self._whole_image(image, twins[stored], work) for stored, image in images.items()}

    def _twin(self, stored: UUID, snapshot: Found, work: Work) -> Twin:
        work.hold()
        for cinder, each in self._twins(**{ID: str(stored)}):
            if each["snapshot_id"] != snapshot["id"]:
                continue
            # as long as an image is made of it, it takes no marks
            there = cinder.idle("volumes", each["id"], work)
            if there and not str(there["status"]).startswith("error"):
                work.hold()
                cinder.mark("volumes", there["id"], **{TOKEN: work.token})
                return cinder, there
        return self._cinder, self._cinder.create(
            "volumes",
            name=f"ims-{stored}",
            size=snapshot["size"],
            snapshot_id=snapshot["id"],
            metadata=marked(self._console, WORK, stored, work.token),
        )

    def _brought(self, cinder: Cinder, twin: Found, work: Work) -> Found:
        """It where images are made of it, whole."""
        whole = cinder.whole("volumes", twin["id"], work)
        return whole if cinder is self._there else cinder.hand_over(twin["id"], self._there, work)

    def _upload(self, stored: UUID, twin: Found, work: Work) -> str:
        """Begin to make an image of a twin; its ID. It has the twin's marks from the beginning, by the image metadata of the twin."""
        for image in self._uploads(**{ID: str(stored)}):
            if image["status"] == "active":
                return str(image["id"])
            self._glance.delete(image["id"])
        work.hold()
        marks = marked(self._console, WORK, stored, work.token)
        self._there.act(twin["id"], "os-set_image_metadata", metadata=marks)
        wanted = {"image_name": f"ims-{stored}", "disk_format": "qcow2", "container_format": "bare"}
        answer = self._there.act(twin["id"], "os-volume_upload_image", **wanted)
        return str(answer["os-volume_upload_image"]["image_id"])

    def _whole_image(self, image_id: str, twin: Found, work: Work) -> Image:
        """Raises NoSpace, Unavailable."""
        left = self._there.idle("volumes", twin["id"], work)
        with suppress(NotFound):
            image = self._glance.get(image_id)
            if image["status"] == "active":
                return image
        raise self._there.failure(twin["id"], str(left["status"]) if left else "gone")

    def _finished(
        self, images: Mapping[UUID, Image], snapshots: Mapping[UUID, Found], work: Work
    ) -> dict[UUID, StoredDisk]:
        """All of them stored disks, or none."""
        finished: dict[UUID, StoredDisk] = {}
        try:
            for stored, image in images.items():
                size = int(snapshots[stored]["size"]) * GIB
                finished[stored] = self._kept.finish(image["id"], stored, "qcow2", size, work)
        except BaseException:
            for image in images.values():
                with suppress(ImsError):
                    if self._glance.get(image["id"])[TOKEN] == work.token:
                        self._glance.delete(image["id"])
            raise
        return finished

    # what is left
    def _clear_for(self, stored: Iterable[UUID], work: Work, token: str = "") -> None:
        """Remove what captures under these IDs needed, those of work whose token begins with `token`."""
        ids = {str(each) for each in stored}
        self._clear(lambda marks: marks[ID] in ids and marks[TOKEN].startswith(token), work)

    def _clear(self, is_meant: Callable[[Mapping[str, Any]], bool], work: Work) -> None:
        """Images first, which ends what makes them; of snapshots the last one, which needs no other."""
        for image in self._uploads():
            if is_meant(image):
                self._glance.delete(image["id"])
        twins = [(cinder, twin["id"]) for cinder, twin in self._twins() if is_meant(twin["metadata"])]
        for cinder in (self._there, self._cinder):
            cinder.remove("volumes", [id for its, id in twins if its is cinder], work)
        snapshots = [each for each in self._snapshots() if is_meant(each["metadata"])]
        for each in sorted(snapshots, key=lambda each: str(each["created_at"]), reverse=True):
            self._remove_snapshot(each, work)

    def _remove_snapshot(self, snapshot: Found, work: Work) -> None:
        """That of a volume in use is removed by Nova, which must not do anything else then: else nobody can remove it any more.

        One by one: a QEMU that merged two disks at a time has crashed.
        """
        if snapshot["status"] == "error_deleting":
            logger.warning("An administrator of the cloud has to remove snapshot %s", snapshot["id"])
            return
        machines: list[str] = []
        with suppress(NotFound):
            volume = self._cinder.get("volumes", snapshot["volume_id"])
            machines = [str(each["server_id"]) for each in volume["attachments"]]
        for machine_id in machines:
            self._machines.idle(machine_id, work)
        self._cinder.remove("snapshots", [snapshot["id"]], work)
        for machine_id in machines:
            self._machines.idle(machine_id, work)

    def _twins(self, **marks: str) -> list[Twin]:
        """Those where images are made of them first."""
        wanted = {CONSOLE: self._console, KIND: WORK, **marks}
        places = dict.fromkeys((self._there, self._cinder))
        return [(cinder, twin) for cinder in places for twin in cinder.list("volumes", **wanted)]

    def _snapshots(self, **marks: str) -> list[Found]:
        return list(self._cinder.list("snapshots", **{CONSOLE: self._console, KIND: WORK, **marks}))

    def _uploads(self, **marks: str) -> list[Image]:
        """Images that Cinder makes, or has made, for a capture: they do not name themselves before they are finished."""
        wanted = {CONSOLE: self._console, KIND: WORK, "owner": self._store.project, **marks}
        return [image for image in self._glance.list(**wanted) if is_ours(image, self._console, WORK)]
