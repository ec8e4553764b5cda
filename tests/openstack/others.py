"""What other people have in a cloud: one thing of each kind, none with our marks. They stay, for all tests to come."""

import time
from typing import Any

from openstack.connection import Connection

from imsconsole.engine.types import MIB

NAME = "somebody-else"
ANOTHER = {
    "ims_console": "another",
    "ims_kind": "disk",
    "ims_id": "00000000-0000-4000-8000-000000000001",
    "ims_token": "t",
}
LIMIT_S = 120


class Others:
    def __init__(self, cloud: Connection, *, with_a_server: bool = False) -> None:
        self._cloud = cloud
        self._make_image()
        self._make_volume(NAME)
        self._make_volume(f"{NAME}-of-another-console", metadata=ANOTHER)
        self._make_port()
        if with_a_server:
            self._make_server()

    def seen(self) -> dict[str, str]:
        """All that people of that name have: what it is, and its state."""
        cloud = self._cloud
        mine = {"owner": cloud.current_project_id}
        kinds = {
            "image": cloud.image.images(**mine), "volume": cloud.block_storage.volumes(), "port": cloud.network.ports(),
            "server": cloud.compute.servers(),
        }  # fmt: skip
        return {
            f"{kind} {each.name} {each.id}": str(each.status)
            for kind, there in kinds.items()
            for each in there
            if str(each.name).startswith(NAME)
        }

    def _make_image(self) -> None:
        if not list(self._cloud.image.images(name=NAME, owner=self._cloud.current_project_id)):
            options = {
                "name": NAME,
                "disk_format": "raw",
                "container_format": "bare",
                "visibility": "private",
            }
            made = self._cloud.image.post("/images", json=options).json()
            octets = {"Content-Type": "application/octet-stream"}
            self._cloud.image.put(f"/images/{made['id']}/file", data=bytes(MIB), headers=octets)

    def _make_volume(self, name: str, **options: Any) -> None:
        if not list(self._cloud.block_storage.volumes(name=name)):
            made = self._cloud.block_storage.create_volume(name=name, size=1, **options)
            self._until(lambda: self._cloud.block_storage.get_volume(made), "available")

    def _make_port(self) -> None:
        if not list(self._cloud.network.ports(name=NAME)):
            network = self._cloud.network.find_network("lab", ignore_missing=False)
            self._cloud.network.create_port(network_id=network.id, name=NAME)

    def _make_server(self) -> None:
        """It runs from a volume, and does nothing."""
        compute = self._cloud.compute
        if there := list(compute.servers(name=f"^{NAME}$")):
            if there[0].status != "ACTIVE":  # since the cloud was up last
                compute.start_server(there[0])
        else:
            image = next(iter(self._cloud.image.images(name=NAME, owner=self._cloud.current_project_id)))
            self._make_volume(f"{NAME}-system", image_id=image.id)
            (system,) = self._cloud.block_storage.volumes(name=f"{NAME}-system")
            disk = {"uuid": system.id, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
            flavor = compute.find_flavor("lab.1-64", ignore_missing=False)
            network = self._cloud.network.find_network("lab", ignore_missing=False)
            options = {
                "flavorRef": flavor.id,
                "block_device_mapping_v2": [disk],
                "networks": [{"uuid": network.id}],
            }
            there = [compute.create_server(name=NAME, **options)]
        self._until(lambda: compute.get_server(there[0]), "ACTIVE")

    def _until(self, look: Any, status: str) -> None:
        end = time.monotonic() + LIMIT_S
        while (now := look()).status != status:
            assert now.status not in ("ERROR", "error"), now
            assert time.monotonic() < end, now
            time.sleep(0.3)
