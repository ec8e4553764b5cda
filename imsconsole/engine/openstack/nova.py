"""Nova's API, as far as we need it: machines as it describes them, what is done to them, and its flavors."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from openstack.utils import supports_microversion

from imsconsole.core.errors import NotFound
from imsconsole.engine.openstack.cloud import Cloud, Found, asked

WITH_HOST_NAME = "2.90"  # of the API: beside the name
LOG_BYTES = 100 * 1024  # of a console's log Nova tells no more than so much of its end


class Nova:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ask = partial(cloud.ask, "compute")

    def flavors(self) -> list[Found]:
        return list(self._cloud.pages("compute", "/flavors/detail"))

    # machines
    def machines(self, **query: str) -> Iterator[Found]:
        """Those of our project for which all of `query` holds."""
        return self._cloud.pages("compute", "/servers/detail", **query)

    def get(self, machine_id: str) -> Found | None:
        with suppress(NotFound):
            found: Found = self._ask("GET", f"/servers/{machine_id}").json()["server"]
            return found
        return None

    def create(self, values: Mapping[str, Any], host_name: str) -> str:
        """The ID of a machine that is to be. Raises Conflict, Unavailable `cloud-refuses`: its port or a volume is another's."""
        version = ""
        with asked():
            if supports_microversion(self._cloud.sdk.compute, WITH_HOST_NAME):
                version, values = WITH_HOST_NAME, {**values, "hostname": host_name}
        made = self._ask("POST", "/servers", version=version, json={"server": values}).json()
        return str(made["server"]["id"])

    def delete(self, machine_id: str) -> None:
        """Begin to. One that is missing is deleted."""
        with suppress(NotFound):
            self._ask("DELETE", f"/servers/{machine_id}")

    def act(self, machine_id: str, action: str, values: Mapping[str, Any] | None = None) -> Any:
        """Begin to do it, one of Nova's actions; what it answers. Raises NotFound, Conflict (not now)."""
        answer = self._ask("POST", f"/servers/{machine_id}/action", machine_id, json={action: values})
        return answer.json() if answer.content else None

    def mark(self, machine_id: str, **marks: str) -> None:
        """Change some of its metadata. Raises NotFound, Conflict (not now)."""
        self._ask("POST", f"/servers/{machine_id}/metadata", machine_id, json={"metadata": marks})

    def actions(self, machine_id: str) -> list[Found]:
        """What was done to a machine, the last first. Raises NotFound."""
        answer = self._ask("GET", f"/servers/{machine_id}/os-instance-actions", machine_id).json()
        found: list[Found] = answer["instanceActions"]
        return found

    def log(self, machine_id: str) -> str:
        """The end of what was written to its serial console, without most control characters. Raises NotFound, Conflict."""
        return str(self.act(machine_id, "os-getConsoleOutput", {})["output"] or "")

    def console(self, machine_id: str, protocol: str, type: str) -> str:
        """An address for a browser, good for some minutes. Raises NotFound, Conflict."""
        wanted = {"remote_console": {"protocol": protocol, "type": type}}
        answer = self._ask("POST", f"/servers/{machine_id}/remote-consoles", machine_id, json=wanted).json()
        return str(answer["remote_console"]["url"])

    # volumes of machines
    def attach(self, machine_id: str, volume_id: str) -> None:
        """Begin to. Raises NotFound, Conflict, Unavailable."""
        wanted = {"volumeAttachment": {"volumeId": volume_id}}
        self._ask("POST", f"/servers/{machine_id}/os-volume_attachments", volume_id, json=wanted)

    def detach(self, machine_id: str, volume_id: str) -> None:
        """Begin to. One that is not attached is detached. Raises Conflict."""
        with suppress(NotFound):
            self._ask("DELETE", f"/servers/{machine_id}/os-volume_attachments/{volume_id}")
