"""A look at a cloud for its operator: what answers, what our user may do there, what there is, and what is left of quotas.

Every service is asked by itself, for a few seconds, once; what it refuses is a finding like any other. All that is found is
plain, for JSON.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

from openstack import exceptions as sdk

from imsconsole.core.errors import Away, ImsError, Unavailable, Unsupported
from imsconsole.engine.openstack.cloud import NEEDS, Cloud, CloudSettings, Service, asked
from imsconsole.engine.openstack.consoles import NO_SCREEN, NO_SERIAL, SCREEN, SERIAL, offered
from imsconsole.engine.openstack.marks import PORT, is_ours, marked

LIMIT_S = 10  # for an answer
ONCE = {"connect_retries": 0, "status_code_retries": 0}
FLAVOR = ("id", "name", "vcpus", "ram", "disk", "swap", "OS-FLV-EXT-DATA:ephemeral", "extra_specs")
NOWHERE = "ims-console-nowhere"  # a zone that no cloud has: whoever may not make a volume is told that first

Found = dict[str, Any]


def check(settings: CloudSettings) -> Found:
    """All of it. Raises what signing in raises: then there is nothing else to tell."""
    return Check(Cloud(settings, api_timeout=LIMIT_S, **ONCE)).all()


def check_project(settings: CloudSettings, region: Found) -> Found:
    """What matters of another project of the cloud for machines and disks: who we are there, what we may do, and its quotas.

    `region` is what `check` found of the project where images are. `code` and `values` say why it cannot be used, if it cannot.
    """
    try:
        found = Check(Cloud(settings, api_timeout=LIMIT_S, **ONCE)).of_machines()
    except ImsError as error:
        return _error(error)
    if found["image_url"] != _url_of("image", region):
        return found | _error(Unavailable("another-cloud", cloud=settings.name))
    if found["project_id"] == region["project_id"]:
        return found | _error(Unavailable("same-cloud-project", cloud=settings.name))
    return found


def _url_of(service: str, found: Found) -> str:
    return next((str(each["url"]) for each in found["services"] if each["name"] == service), "")


class Check:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud, self._settings = cloud, cloud.settings
        self._away: dict[Service, ImsError] = {}  # services that are not asked again

    def all(self) -> Found:
        found = self._who()
        services = [self._service(name, needs) for name, needs in NEEDS.items()]
        networks = self._listed("network", "/networks", "networks")
        return {
            **found,
            "services": services,
            "flavors": [_flavor(each) for each in self._listed("compute", "/flavors/detail", "flavors")],
            "volume_types": [
                {"name": each["name"], "description": each.get("description") or ""}
                for each in self._listed("block_storage", "/types", "volume_types")
                if not each["name"].startswith("__")
            ],
            "zones": self._zones(),
            "networks": [self._network(each) for each in networks if not each.get("router:external")],
            "rights": list(self._rights(networks)),
            "quotas": list(self._quotas()),
            "errors": {name: _error(error) for name, error in self._away.items()},
        }

    def of_machines(self) -> Found:
        found, networks = self._who(), self._listed("network", "/networks", "networks")
        image = self._service("image", NEEDS["image"])
        rights = [each for each in self._rights(networks) if not each["name"].endswith("-images")]
        return {
            **found,
            "image_url": image["url"],
            "rights": rights,
            "quotas": [each for each in self._quotas() if not each["name"].startswith("image")],
        }

    # asking --------------------------------------------------------------------------------------------
    def _ask(self, service: Service, verb: str, path: str, **more: Any) -> Any:
        """The JSON of an answer, or None. Raises ImsError; of a service that is away at once, from then on."""
        if service in self._away:
            raise self._away[service]
        try:
            answer = self._cloud.ask(service, verb, path, **more)
        except Away as error:
            self._away[service] = error
            raise
        return answer.json() if answer.content else None

    def _listed(self, service: Service, path: str, name: str) -> list[Found]:
        try:
            found: list[Found] = self._ask(service, "GET", path)[name]
        except ImsError:
            return []
        return found

    # what is found -------------------------------------------------------------------------------------
    def _who(self) -> Found:
        with asked():
            session = self._cloud.sdk.session
            access: Any = session.auth.get_access(session)  # type: ignore[union-attr]
        return {
            "cloud": self._settings.name,
            "user": access.username or "",
            "project": access.project_name or "",
            "project_id": access.project_id or "",
            "roles": sorted(access.role_names or ()),
        }

    def _service(self, name: Service, needs: str) -> Found:
        try:
            with asked():
                there = getattr(self._cloud.sdk, name).get_endpoint_data()
                if there is None:
                    raise sdk.EndpointNotFound(name)
        except ImsError as error:
            self._away[name] = error
            return {
                "name": name,
                "url": "",
                "version": "",
                "needs": needs,
                "is_enough": False,
                **_error(error),
            }
        newest = there.max_microversion or there.api_version or (0, 0)
        return {
            "name": name,
            "url": there.url,
            "version": ".".join(map(str, newest)),
            "needs": needs,
            "is_enough": tuple(newest) >= tuple(map(int, needs.split("."))),
        }

    def _zones(self) -> list[Found]:
        """Of servers, and of disks: those of one name are taken for one place."""
        services: tuple[Service, ...] = ("compute", "block_storage")
        zones: dict[str, Found] = {}
        for service in services:
            for each in self._listed(service, "/os-availability-zone", "availabilityZoneInfo"):
                zone = zones.setdefault(each["zoneName"], {"name": each["zoneName"]})
                zone[service] = bool(each["zoneState"]["available"])
        return list(zones.values())

    def _network(self, network: Found) -> Found:
        subnets = self._listed("network", f"/subnets?network_id={network['id']}", "subnets")
        return {
            "id": network["id"],
            "name": network["name"],
            "is_up": network.get("status") == "ACTIVE" and network.get("admin_state_up", True),
            "subnets": [each["cidr"] for each in subnets],
            "is_shared": network.get("shared", False),
        }

    # what we may do: tried, with nothing left of it ------------------------------------------------------
    def _rights(self, networks: list[Found]) -> Iterator[Found]:
        trials: dict[str, Callable[[], None]] = {
            "read-images": lambda: self._ask("image", "GET", "/images?limit=1"),
            "make-images": self._make_image,
            "read-volumes": lambda: self._ask("block_storage", "GET", "/volumes?limit=1"),
            "make-volumes": self._make_volume,
            "read-backups": lambda: self._ask("block_storage", "GET", "/backups?limit=1"),
            "read-servers": lambda: self._ask("compute", "GET", "/servers?limit=1"),
            "make-servers": self._make_server,
            "read-ports": lambda: self._ask("network", "GET", "/ports?limit=1"),
            "make-ports": lambda: self._make_port(networks),
            "open-screens": lambda: self._open_console(SCREEN, NO_SCREEN),
            "open-serial-consoles": lambda: self._open_console(SERIAL, NO_SERIAL),
        }
        for name, trial in trials.items():
            try:
                trial()
            except Unsupported as error:  # or nobody can tell
                yield {"name": name, "ok": None, **_error(error)}
            except ImsError as error:
                yield {"name": name, "ok": False, **_error(error)}
            else:
                yield {"name": name, "ok": True}

    def _make_image(self) -> None:
        """One without bytes."""
        values = {"name": "ims-console-check", "disk_format": "qcow2", "container_format": "bare"}
        made = self._ask("image", "POST", "/images", json=values)
        self._ask("image", "DELETE", f"/images/{made['id']}")

    def _make_volume(self) -> None:
        values = {"volume": {"name": "ims-console-check", "size": 1, "availability_zone": NOWHERE}}
        with _refused_for_its_content():
            made = self._ask("block_storage", "POST", "/volumes", json=values)
            self._ask(
                "block_storage", "DELETE", f"/volumes/{made['volume']['id']}"
            )  # it does not mind the zone

    def _make_server(self) -> None:
        """Of a flavor that is not there."""
        values = {
            "name": "ims-console-check",
            "flavorRef": str(uuid4()),
            "imageRef": str(uuid4()),
            "networks": "none",
        }
        with _refused_for_its_content():
            self._ask("compute", "POST", "/servers", json={"server": values})

    def _make_port(self, networks: list[Found]) -> None:
        """A real one, for a moment; its description says whose."""
        wanted = self._settings.network
        usual = [each for each in networks if not each.get("router:external")]
        there = [each for each in usual if not wanted or wanted in (each["name"], each["id"])]
        if not there:
            return
        marks = marked(self._settings.console, PORT, uuid4(), "check")
        said = " ".join(f"{name}={value}" for name, value in marks.items())
        values = {"network_id": there[0]["id"], "name": "ims-console-check", "description": said}
        made = self._ask("network", "POST", "/ports", json={"port": values})
        self._ask("network", "DELETE", f"/ports/{made['port']['id']}")

    def _open_console(self, kind: tuple[str, str], refusal: str) -> None:
        """Of the first machine of ours that runs: without one Nova does not tell."""
        there = self._listed("compute", "/servers/detail?status=ACTIVE", "servers")
        ours = [each["id"] for each in there if is_ours(each["metadata"], self._settings.console)]
        if not ours:
            raise Unsupported("no-machine-to-ask")
        wanted = {"remote_console": dict(zip(("protocol", "type"), kind, strict=True))}
        with offered(refusal):
            self._ask("compute", "POST", f"/servers/{ours[0]}/remote-consoles", json=wanted)

    # what is left --------------------------------------------------------------------------------------
    def _quotas(self) -> Iterator[Found]:
        project = self._cloud.project
        with suppress(ImsError):
            said = self._ask("compute", "GET", "/limits")["limits"]["absolute"]
            yield _quota("servers", said.get("totalInstancesUsed"), said.get("maxTotalInstances"))
            yield _quota("vcpus", said.get("totalCoresUsed"), said.get("maxTotalCores"))
            yield _quota("memory_mb", said.get("totalRAMUsed"), said.get("maxTotalRAMSize"))
        with suppress(ImsError):
            said = self._ask("block_storage", "GET", "/limits")["limits"]["absolute"]
            yield _quota("volumes", said.get("totalVolumesUsed"), said.get("maxTotalVolumes"))
            yield _quota("volume_gb", said.get("totalGigabytesUsed"), said.get("maxTotalVolumeGigabytes"))
            yield _quota("snapshots", said.get("totalSnapshotsUsed"), said.get("maxTotalSnapshots"))
            yield _quota("backups", said.get("totalBackupsUsed"), said.get("maxTotalBackups"))
        with suppress(ImsError):
            said = self._ask("network", "GET", f"/quotas/{project}/details")["quota"]["port"]
            yield _quota("ports", said.get("used"), said.get("limit"))
        with suppress(ImsError, KeyError, TypeError):
            said = self._ask("image", "GET", "/info/usage")["usage"]
            for name, quota in {"image_size_total": "image_mb", "image_count_total": "images"}.items():
                if name in said:
                    yield _quota(quota, said[name].get("usage"), said[name].get("limit"))


class _refused_for_its_content(suppress):
    """What was asked for cannot be; that it was looked at says that we may ask. Lets through what was not allowed."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        cause = getattr(error, "__cause__", None)
        return isinstance(cause, sdk.HttpException) and cause.status_code in (400, 404)


def _flavor(flavor: Found) -> Found:
    return {name: flavor.get(name) or ({} if name == "extra_specs" else 0) for name in FLAVOR}


def _quota(name: str, used: int | None, limit: int | None) -> Found:
    """None where nobody tells; a limit of None is none."""
    return {"name": name, "used": used, "limit": limit if limit is None or limit >= 0 else None}


def _error(error: ImsError) -> Found:
    return {"code": error.code, "values": {name: str(value) for name, value in error.values.items()}}
