"""Cinder's API, as far as we need it: volumes and snapshots as it describes them, and what it says of failures."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from imsconsole.core.errors import ImsError, NoSpace, NotFound, Unavailable
from imsconsole.engine.openstack.cloud import Cloud, Found, is_full
from imsconsole.engine.types import Work

BUSY = frozenset({
    "creating", "downloading", "deleting", "extending", "uploading", "attaching", "detaching", "reserved", "updating",
    "retyping", "backing-up", "restoring-backup", "unmanaging", "maintenance",
})  # fmt: skip
NO_HOST = "weighted backend"  # what it says when no back end has the room, and also when none is there

OFFERED = "awaiting-transfer"  # of a volume: to another project, which has not accepted it
TRANSFERS = "/os-volume-transfer"

What = Literal["volumes", "snapshots"]


class Cinder:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ask = partial(cloud.ask, "block_storage")

    def list(self, what: What, **marks: str) -> Iterator[Found]:
        """Those whose metadata have all of `marks`."""
        query = {"metadata": str(marks)} if marks else {}
        there = self._cloud.pages("block_storage", f"/{what}/detail", **query)
        return (each for each in there if marks.items() <= each["metadata"].items())

    def get(self, what: What, id: str, ref: str = "") -> Found:
        """Raises NotFound."""
        found: Found = self._ask("GET", f"/{what}/{id}", ref).json()[what[:-1]]
        return found

    def create(self, what: What, **values: Any) -> Found:
        """Ask for one; values that are empty are left out. It is whole once it is `idle`, if it is not in error then."""
        given = {name: value for name, value in values.items() if value}
        made: Found = self._ask("POST", f"/{what}", json={what[:-1]: given}).json()[what[:-1]]
        return made

    def mark(self, what: What, id: str, **marks: str) -> None:
        """Change some of its metadata. Raises NotFound."""
        self._ask("POST", f"/{what}/{id}/metadata", json={"metadata": marks})

    def act(self, id: str, action: str, **values: Any) -> Any:
        """What the action on a volume answers, if it says anything."""
        answer = self._ask("POST", f"/volumes/{id}/action", json={action: values})
        return answer.json() if answer.content else None

    def idle(self, what: What, id: str, work: Work, **haste: float) -> Found | None:
        """It, once nothing is done to it any more; None when it is gone. `haste` is that of `Cloud.until`."""
        return self._cloud.idle(lambda: self._there(what, id), _is_busy, work, **haste)

    def _there(self, what: What, id: str) -> Found | None:
        with suppress(NotFound):
            return self.get(what, id)
        return None

    def whole(self, what: What, id: str, work: Work, **haste: float) -> Found:
        """It, once it is of use. Raises NotFound, and what `failure` returns when it is in error."""
        found = self.idle(what, id, work, **haste)
        if found is None:
            raise NotFound("no-such-bytes", ref=id)
        if str(found["status"]).startswith("error"):
            raise self.failure(id, str(found["status"]))
        return found

    def remove(self, what: What, ids: Iterable[str], work: Work) -> None:
        """Delete them together, each once nothing else is done to it, and wait until they are gone.

        Raises Unavailable when one does not go.
        """
        there = {found["id"]: found for id in ids if (found := self.idle(what, id, work))}
        for id, found in there.items():
            if found["status"] == OFFERED:
                self._withdraw(id)
            with suppress(NotFound):
                self._ask("DELETE", f"/{what}/{id}")
        for id in there:
            if left := self.idle(what, id, work):
                raise self.failure(id, str(left["status"]))

    # from project to project
    def hand_over(self, volume_id: str, to: "Cinder", work: Work) -> Found:
        """Give a volume that nothing has to another project of the cloud: it there, with all that it says of itself.

        Raises NotFound, NoSpace (of its quotas), Unavailable.
        """
        work.hold()
        self._withdraw(volume_id)
        wanted = {"volume_id": volume_id, "name": f"ims-{volume_id}"}
        offer = self._ask("POST", TRANSFERS, json={"transfer": wanted}).json()["transfer"]
        with suppress(NotFound):  # an answer was lost, and it was asked for again
            accepted = {"accept": {"auth_key": offer["auth_key"]}}
            to._ask("POST", f"{TRANSFERS}/{offer['id']}/accept", json=accepted)
        return to.whole("volumes", volume_id, work)

    def _withdraw(self, volume_id: str) -> None:
        """What is offered of it, and nobody has accepted."""
        for offer in self._ask("GET", f"{TRANSFERS}/detail").json()["transfers"]:
            if offer["volume_id"] == volume_id:
                with suppress(NotFound):
                    self._ask("DELETE", f"{TRANSFERS}/{offer['id']}")

    def failure(self, id: str, status: str) -> ImsError:
        """Why a volume or a snapshot came to that status, as far as Cinder tells: NoSpace, or Unavailable `volume-failed`."""
        params = {"resource_uuid": id, "sort": "created_at:desc"}
        said = [
            each["user_message"] for each in self._ask("GET", "/messages", params=params).json()["messages"]
        ]
        detail = str(said[0]) if said else status
        if is_full(detail) or (NO_HOST in detail and self._is_up()):
            return NoSpace()
        return Unavailable("volume-failed", detail=detail)

    def _is_up(self) -> bool:
        zones = self._ask("GET", "/os-availability-zone").json()["availabilityZoneInfo"]
        return any(zone["zoneState"]["available"] for zone in zones)


def _is_busy(thing: Found) -> bool:
    return thing["status"] in BUSY
