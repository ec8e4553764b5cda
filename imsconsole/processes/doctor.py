"""What this host lacks before the console can do its work here, and how to get it: each finding a line, with its remedy."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal
from uuid import uuid4

from django.conf import settings
from django.core import checks
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import Error, connection
from django.utils.timezone import now as wall_clock

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.hosts import ACCELERATORS, ISOLATION
from imsconsole.cloud.keys.material import is_master_at_hand
from imsconsole.core.database_copy import why_not_copied
from imsconsole.core.errors import ImsError
from imsconsole.core.room import LEAST_FREE_BYTES
from imsconsole.core.schema import why_not_served
from imsconsole.core.sentences import sentence_of
from imsconsole.core.text import size
from imsconsole.engine.types import Capabilities
from imsconsole.jobs.periodic import is_worker_alive

Level = Literal["good", "doubt", "wrong"]
KVM = Path("/dev/kvm")
CLOCKS_APART = timedelta(seconds=2)


@dataclass(frozen=True)
class Finding:
    """`wrong`: something does not work; `doubt`: all works, and could be better or safer."""

    level: Level
    about: str
    said: str
    remedy: str = ""


def findings() -> Iterator[Finding]:
    """All of them, one after the other as they are found. What one examination stumbles over is a finding too."""
    examined = {"version": _versions, "data folder": _folders, "database": _database, "settings": _settings}
    examined |= {"static files": _files, "S3": _objects}
    of_rows = {"regions": _regions, "master key": _keys, "workers": _workers}
    has_rows = True
    for about, examine in (examined | of_rows).items():
        if about in of_rows and not has_rows:
            continue
        try:
            for found in examine():
                has_rows &= (found.level, found.about) != ("wrong", "database")
                yield found
        except (OSError, Error, ImsError) as error:
            has_rows &= about != "database"
            yield Finding("wrong", about, f"could not be examined: {error}")


def _versions() -> Iterator[Finding]:
    try:
        here = version("ims-console")
    except PackageNotFoundError:
        here = "not installed as a package"
    yield Finding("good", "version", f"ims-console {here}, Python {platform.python_version()}")


def _folders() -> Iterator[Finding]:
    """Where data lie: ours alone, away from the code, with room."""
    for folder in (settings.DATA_DIR, settings.DATABASE_DIR, settings.UPLOAD_DIR, settings.BUCKET_DIR):
        if not os.access(folder, os.W_OK | os.X_OK):
            yield Finding(
                "wrong", "data folder", f"{folder} cannot be written", f"chown it to user {os.geteuid()}"
            )
    free = shutil.disk_usage(settings.DATA_DIR).free
    said = f"{settings.DATA_DIR}, {size(free)} free"
    if free < LEAST_FREE_BYTES:
        yield Finding("wrong", "data folder", said, f"make room: less than {size(LEAST_FREE_BYTES)} are left")
    else:
        yield Finding("good", "data folder", said)
    if Path(sys.prefix).resolve() in Path(settings.DATA_DIR).resolve().parents:
        yield Finding(
            "doubt", "data folder", "it lies in the environment of the code", "set IMS_DATA_DIR to a place of its own"
        )  # fmt: skip


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        here = cursor.fetchone()[0]
    yield Finding("good", "database", f"{connection.vendor} {here}")
    why, remedy = why_not_served()
    if why:
        yield Finding("wrong", "database", why, remedy)
    if why := why_not_copied():
        said = f"an upgrade cannot keep a copy of it: {why}"
        remedy = "apt-get install postgresql-client, of the database's version or a newer one"
        yield Finding("doubt", "database", said, remedy)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            apart = abs(cursor.fetchone()[0] - wall_clock())
        if apart > CLOCKS_APART:
            said = f"the database's clock and this host's are {apart.total_seconds():.0f} s apart"
            yield Finding(
                "wrong", "clock", said, "let both follow a time server, e.g. apt-get install chrony"
            )
        else:
            yield Finding("good", "clock", "this host and the database agree")


def _settings() -> Iterator[Finding]:
    """What the console's own checks say of proxies, hosts, the spool, keys."""
    found = checks.run_checks(databases=["default"])
    for message in found:
        if not message.is_silenced():
            level: Level = "wrong" if message.level >= checks.ERROR else "doubt"
            yield Finding(level, "settings", str(message.msg), str(message.hint or ""))
    if settings.DEBUG:
        yield Finding("wrong", "settings", "IMS_DEBUG is set: errors show the code", "unset IMS_DEBUG")
    if not settings.IMS_HTTPS:
        said = "pages go out without HTTPS"
        yield Finding(
            "doubt", "settings", said, "put a proxy with TLS in front, set IMS_HTTPS=1, IMS_TRUSTED_PROXIES, IMS_URL"
        )  # fmt: skip
    if not found and settings.IMS_HTTPS:
        yield Finding(
            "good", "settings", f"HTTPS by the proxy at {', '.join(map(str, settings.IMS_TRUSTED_PROXIES))}"
        )


def _files() -> Iterator[Finding]:
    """What browsers are sent."""
    if not any(Path(settings.STATIC_ROOT).glob("staticfiles*.json")) and not settings.DEBUG:
        yield Finding("wrong", "static files", "they are not collected", "ims-console set-up")
    if settings.NOVNC_FILES is None:
        yield Finding(
            "doubt", "static files", "noVNC is missing: no screens in the browser", "apt-get install novnc"
        )


def _objects() -> Iterator[Finding]:
    """Where S3 is meant to hold objects and uploads: written to, read, deleted."""
    for name in sorted({"buckets", "spool"} & settings.STORAGES.keys()):
        if not str(settings.STORAGES[name]["BACKEND"]).endswith("InS3"):
            continue
        store, content = storages[name], uuid4().bytes
        kept = store.save(f"doctor/{uuid4()}", ContentFile(content))
        try:
            with store.open(kept) as file:
                is_same = file.read() == content
        finally:
            store.delete(kept)
        if is_same:
            yield Finding("good", "S3", f"{name}: written, read and deleted")
        else:
            yield Finding("wrong", "S3", f"{name}: what was read is not what was written")


def _regions() -> Iterator[Finding]:
    """What each region's engine can do, asked now."""
    regions = list(Region.objects.order_by("code"))
    if not regions:
        yield Finding("wrong", "regions", "there is none", "add one in the administration")
    for region in regions:
        about = f"region {region.code}"
        try:
            able = engine_for(region).capabilities()
        except ImsError as error:
            yield Finding(
                "wrong", about, sentence_of(error), "see its check in the administration, under Regions"
            )
            continue
        yield from _host(about, able) if region.engine == "local" else _cloud(about, able)


def _host(about: str, able: Capabilities) -> Iterator[Finding]:
    if able.missing:
        packages = " ".join(able.missing)
        yield Finding("wrong", about, f"not installed: {packages}", f"apt-get install {packages}")
    if not able.accelerator:
        yield Finding("wrong", about, "no servers can be started")
    elif able.accelerator == "kvm":
        yield Finding("good", about, str(ACCELERATORS["kvm"]))
    else:
        yield Finding("doubt", about, str(ACCELERATORS["tcg"]), _why_no_kvm())
    if able.accelerator:
        yield Finding("good" if able.isolated else "doubt", about, str(ISOLATION[able.isolated]))


def _cloud(about: str, able: Capabilities) -> Iterator[Finding]:
    if able.accelerator:
        yield Finding("good", about, f"{ACCELERATORS['cloud']} Formats: {', '.join(sorted(able.formats))}.")
    else:
        yield Finding("wrong", about, "no servers can be started", "see its check in the administration")


def _why_no_kvm() -> str:
    if settings.IMS_ACCELERATOR == "tcg":
        return "IMS_ACCELERATOR=tcg says so"
    if not KVM.exists():
        return "there is no /dev/kvm: switch virtualization on in the firmware, or nested virtualization where this host is a guest"
    if not os.access(KVM, os.R_OK | os.W_OK):
        return "this user may not open /dev/kvm: usermod -aG kvm"
    return "/dev/kvm is there, but no guest ran with it in two seconds: it does not work here"


def _keys() -> Iterator[Finding]:
    verdict = is_master_at_hand()
    yield Finding("good" if verdict else "wrong", "master key", "at hand" if verdict else str(verdict.reason))


def _workers() -> Iterator[Finding]:
    if is_worker_alive():
        yield Finding("good", "workers", "one was seen a moment ago")
    else:
        yield Finding(
            "doubt", "workers", "none was seen for half a minute: jobs wait", "ims-console worker, or serve"
        )
