"""The connection to a cloud: one for a region and process, what it raises in our words, and how one waits for it."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from keystoneauth1 import exceptions as auth
from openstack import exceptions as sdk
from openstack.config import OpenStackConfig
from openstack.connection import Connection
from requests import RequestException, Response

from imsconsole.core.errors import Away, Conflict, NoSpace, NotFound, Unavailable
from imsconsole.engine.conversion.limits import GUEST_UIDS
from imsconsole.engine.types import Work

T = TypeVar("T")
Found = Mapping[str, Any]  # a thing as its service describes it
API_TIMEOUT_S = 60  # for one request; a verb that waits polls
FIRST_POLL_S, LAST_POLL_S = 0.2, 2.0
# requests are tried again, each time twice as long after the one before: one that created something too, as the marks
# tell twins apart
RETRIES: dict[str, Any] = {
    "connect_retries": 1,  # a time-out counts as one, too
    "connect_retry_delay": 0.5,
    "status_code_retries": 4,
    "status_code_retry_delay": 0.5,
    "retriable_status_codes": [429, 502, 503, 504],
}
Service = Literal["image", "block_storage", "compute", "network"]
# of the API of each, the least we need. Of images: that new ones are seen by their owner alone; of volumes: that they can grow
# while they are in use; of servers: flavors told with their machines (2.47), tags from the beginning (2.52)
NEEDS: Mapping[Service, str] = {
    "image": "2.4", "block_storage": "3.42", "compute": "2.60", "network": "2.0",
}  # fmt: skip
WITH_MICROVERSIONS = ("block_storage", "compute")
PAGE = 500
FULL = ("quota", "no space", "insufficient", "exceeded", "exceeds")


@dataclass(frozen=True)
class CloudSettings:
    """What a region says of its cloud.

    `name` is that of a cloud in `clouds.yaml`. `flavors` and `zones` lead from our names and codes to the cloud's; what is
    not there is found by its size, and placed anywhere. `work_dir` is on this host, beside those of its other regions: bytes
    are converted there, each time by a user of its own (`guest_uids`, with the group of `guest_user`) when we are root.
    """

    name: str
    work_dir: Path
    console: str = "ims-console"  # who we are among those who share the project; in every mark
    volume_type: str = ""
    network: str = ""  # by name or ID; empty: the only one there is
    flavors: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
    grow_in_use: bool = False  # its volumes of that type can: nobody but its administrators is told whether
    architectures: frozenset[str] = frozenset({"x86"})
    boot_modes: frozenset[str] = frozenset({"bios", "uefi"})
    screen: bool = True  # its consoles are reached by VNC
    serial: bool = False  # its serial consoles are reached, by Nova's proxy
    guest_user: str = ""
    guest_uids: range = GUEST_UIDS
    clouds_file: str = ""  # a `clouds.yaml`; empty: where openstacksdk looks for it


class Cloud:
    """One cloud, as our service's user of it; `options` are of its connection, in place of ours."""

    def __init__(self, settings: CloudSettings, **options: Any) -> None:
        self.settings = settings
        self._options = {"api_timeout": API_TIMEOUT_S, **RETRIES, **options}
        self._sdk: Connection | None = None
        self._pid = 0

    @property
    def project(self) -> str:
        """The cloud's ID of the project where our things are. Raises as `asked`."""
        with asked():
            return str(self.sdk.current_project_id)

    @property
    def sdk(self) -> Connection:
        """The connection, of this process alone: a fork makes its own. Raises Unavailable."""
        if self._sdk is None or self._pid != os.getpid():
            self._sdk = connected(self.settings, **self._options)
            self._pid = os.getpid()
        return self._sdk

    def ask(
        self, service: Service, verb: str, path: str, ref: str = "", *, version: str = "", **more: Any
    ) -> Response:
        """One request; `ref` is what it is about. Raises as `asked`."""
        if service in WITH_MICROVERSIONS:
            more["microversion"] = version or NEEDS[service]
        with asked(ref):
            answer: Response = getattr(self.sdk, service).request(path, verb, **more)
            sdk.raise_from_response(answer)
            return answer

    def pages(self, service: Service, path: str, **query: str) -> Iterator[Found]:
        """All things under a path that begins with what they are called (not Glance's, which has pages of its own)."""
        name, params = path.split("/")[1], {"limit": str(PAGE), **query}
        while True:
            page = self.ask(service, "GET", path, params=params).json()
            yield from page[name]
            if not any(link["rel"] == "next" for link in page.get(f"{name}_links", ())):
                return
            params["marker"] = page[name][-1]["id"]

    def idle(
        self, look: Callable[[], T | None], is_busy: Callable[[T], bool], work: Work, **haste: float
    ) -> T | None:
        """What `look` finds, once nothing is done to it any more; None when it is gone. `haste` is that of `until`."""

        def probe() -> tuple[T | None] | None:
            found = look()
            return None if found is not None and is_busy(found) else (found,)

        return self.until(probe, work, **haste)[0]

    def until(
        self, probe: Callable[[], T | None], work: Work, *, limit_s: float = 3600, most_s: float = LAST_POLL_S
    ) -> T:
        """What `probe` returns once that is not None; it is asked every `most_s` seconds at least.

        The work is told that it is alive, and may end it by raising.

        Raises Unavailable `cloud-too-slow` after `limit_s`.
        """
        end, pause = time.monotonic() + limit_s, FIRST_POLL_S
        while (found := probe()) is None:
            work.report(0, 0)
            if time.monotonic() > end:
                raise Unavailable("cloud-too-slow", cloud=self.settings.name)
            time.sleep(pause)
            pause = min(most_s, pause * 1.3)
        return found


def cloud_names(clouds_file: str = "") -> list[str]:
    """Those of a `clouds.yaml`, or of that which openstacksdk finds by itself."""
    return sorted(set(_clouds(clouds_file).get_cloud_names()) - {"envvars", "defaults"})


def connected(settings: CloudSettings, **options: Any) -> Connection:
    """A connection, which signs in when it is first used. Raises Unavailable `cloud-unknown`, `cloud-refuses`."""
    with asked():
        clouds = _clouds(settings.clouds_file)
        if settings.name not in clouds.get_cloud_names():
            raise Unavailable("cloud-unknown", cloud=settings.name)
        return Connection(config=clouds.get_one(settings.name, **options))


def _clouds(file: str) -> OpenStackConfig:
    """Those of that file and of nothing else, whatever the environment names."""
    files = [file] if file else None
    return OpenStackConfig(config_files=files, load_envvars=not file, app_name="ims-console")


@contextmanager
def asked(ref: str = "") -> Iterator[None]:
    """What a cloud answers, in our words: `ref` is what was asked about.

    Raises NotFound, Conflict `cloud-conflict`, NoSpace (a quota is used up), Unavailable `cloud-refuses`, Away `cloud-silent`.
    """
    try:
        yield
    except sdk.NotFoundException as error:
        raise NotFound("no-such-bytes", ref=ref) from error
    except sdk.HttpException as error:
        raise _meant(error) from error
    except (auth.Unauthorized, auth.Forbidden, auth.MissingRequiredOptions, sdk.ConfigException) as error:
        raise Unavailable("cloud-refuses", detail=_said(error)) from error
    except (auth.ClientException, sdk.SDKException, RequestException) as error:
        raise Away("cloud-silent", detail=_said(error)) from error


def _meant(error: sdk.HttpException) -> Unavailable | Conflict | NoSpace:
    detail = _said(error)
    if error.status_code == 413 or (error.status_code in (400, 403, 409) and is_full(detail)):
        return NoSpace()
    if error.status_code == 409:
        return Conflict("cloud-conflict", detail=detail)
    if error.status_code and error.status_code < 500 and error.status_code != 429:
        return Unavailable("cloud-refuses", detail=detail)
    return Away("cloud-silent", detail=detail)


def is_full(detail: str) -> bool:
    return any(word in detail.lower() for word in FULL)


def _said(error: Exception) -> str:
    """Its first line, without what could be a secret of ours: only what the service said."""
    said = getattr(error, "details", None) or getattr(error, "message", None) or str(error)
    return str(said).strip().splitlines()[0][:300] if str(said).strip() else type(error).__name__
