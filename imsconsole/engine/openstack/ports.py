"""Ports in Neutron: what a server is in a cloud, with its MAC and its address. It outlives all its machines.

Its marks are words of its description: Neutron keeps no metadata, and tags come later than what they are put on.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from imsconsole.core.errors import Conflict, NotFound, Unavailable
from imsconsole.engine.openstack.cloud import Cloud, Found
from imsconsole.engine.openstack.marks import (
    ID,
    PORT,
    TOKEN,
    is_ours,
    marked,
    newest_first,
    parts_of,
    ref_of,
)
from imsconsole.engine.types import ServerSpec, Work

Port = Found


class Ports:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ask = partial(cloud.ask, "network")
        self._console = cloud.settings.console

    # what there is
    def all(self) -> list[Port]:
        """Ours, whatever became of them."""
        return list(self._ours(project_id=self._cloud.project))

    def others(self) -> Iterator[Port]:
        """Those in our project that we did not make."""
        there = self._cloud.pages("network", "/ports", project_id=self._cloud.project)
        return (port for port in there if not is_ours(marks_of(port), self._console))

    def of(self, server: UUID) -> list[Port]:
        """A server's, the one to go on with first."""
        there = sorted(self._ours(name=name_of(server)), key=lambda port: str(port["created_at"]))
        return newest_first((marks_of(port)[TOKEN], port) for port in there)

    def _ours(self, **query: str) -> Iterator[Port]:
        return (
            port
            for port in self._cloud.pages("network", "/ports", **query)
            if is_ours(marks_of(port), self._console, PORT)
        )

    def get(self, ref: str) -> Port:
        """Raises NotFound."""
        server, port_id = parts_of(ref)
        port: Port = self._ask("GET", f"/ports/{port_id}", ref).json()["port"]
        if not (is_ours(marks_of(port), self._console, PORT) and marks_of(port)[ID] == str(server)):
            raise NotFound("no-such-server", ref=ref)
        return port

    # what is done to them
    def made(self, server: ServerSpec, work: Work) -> Port:
        """The server's port: one that is there, or a new one, with its MAC and its address if they are free here.

        Raises NoSpace, Unavailable `no-cloud-network`.
        """
        if there := self.of(server.id):
            return there[0]
        work.hold()
        port = self._create(server, work.token)
        try:
            work.hold()
        except BaseException:
            self.delete(port)
            raise
        return port

    def _create(self, server: ServerSpec, token: str) -> Port:
        """What it may not have, or somebody else has, it does without."""
        mac, address = {"mac_address": server.mac}, {"fixed_ips": [{"ip_address": server.private_ip}]}
        marks = marked(self._console, PORT, server.id, token)
        values = {"network_id": self._network, "name": name_of(server.id), "description": _written(marks)}
        for wish in ({**mac, **address}, mac, address):
            try:
                return self._posted({**values, **wish})
            except (Conflict, Unavailable) as error:
                if error.code == "cloud-silent":
                    raise
                if there := self.of(server.id):  # the answer was lost, and it was asked for again
                    return there[0]
        return self._posted(values)

    def _posted(self, values: Mapping[str, Any]) -> Port:
        made: Port = self._ask("POST", "/ports", json={"port": values}).json()["port"]
        return made

    @cached_property
    def _network(self) -> str:
        """The cloud's ID of it. Raises Unavailable."""
        wanted = self._cloud.settings.network
        there = [net for net in self._cloud.pages("network", "/networks") if not net.get("router:external")]
        found = [net["id"] for net in there if wanted in ("", net["id"], net["name"])]
        if len(found) != 1:
            raise Unavailable("no-cloud-network", name=wanted)
        return str(found[0])

    def delete(self, port: Port) -> None:
        """One that is missing is deleted."""
        with suppress(NotFound):
            self._ask("DELETE", f"/ports/{port['id']}")


def name_of(server: UUID) -> str:
    """What a server's port is called, and its machine is tagged with."""
    return f"ims-{server}"


def address_of(port: Port) -> str:
    """The first of its addresses, of IPv4 if there is one; empty when it has none."""
    addresses = [str(each["ip_address"]) for each in port["fixed_ips"]]
    return next((each for each in addresses if "." in each), next(iter(addresses), ""))


def port_ref(port: Port) -> str:
    return ref_of(marks_of(port)[ID], str(port["id"]))


def marks_of(port: Port) -> dict[str, str]:
    words = (word.partition("=") for word in str(port.get("description") or "").split())
    return {name: value for name, equals, value in words if equals}


def _written(marks: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in marks.items())
