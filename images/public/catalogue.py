"""The catalogue of official cloud images: a TOML file that says where each comes from."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import tomlkit
from django.conf import settings

from imsconsole.core.errors import ImsError, NotFound

SHIPPED = Path(__file__).with_name("catalogue.toml")
CHOICES = {"architecture": ("x86", "arm"), "compression": ("", "xz"), "build": ("", "debian")}
BOOT_MODES = {"bios", "uefi"}
PUBLISHER = re.compile(r"[a-z0-9][a-z0-9-]*|")


class CatalogueBroken(ImsError):
    """The catalogue's file cannot be read, or an entry lacks something."""

    default_code = "catalogue-broken"


@dataclass(frozen=True)
class Entry:
    """An official image. What each field means stands at the top of the shipped file."""

    key: str
    name: str
    os: str
    architecture: str
    boot_modes: tuple[str, ...]
    page: str
    url: str = ""
    checksums: str = ""
    checksum: str = ""
    publisher: str = ""
    signature: str = ""
    compression: str = ""
    build: str = ""
    min_ram_mb: int = 0
    user: str = ""
    checked_on: date | None = None

    @property
    def is_built(self) -> bool:
        """Made here, so there is nothing to reach."""
        return bool(self.build)

    @property
    def file_name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


def catalogue_path() -> Path:
    return Path(settings.IMS_PUBLIC_CATALOGUE) if settings.IMS_PUBLIC_CATALOGUE else SHIPPED


def entries() -> list[Entry]:
    """All of the catalogue, in its order. Raises CatalogueBroken."""
    try:
        rows = tomllib.loads(catalogue_path().read_text()).get("image", [])
        found = [_entry(row) for row in rows]
    except (OSError, ValueError, TypeError) as error:
        raise CatalogueBroken(detail=str(error)) from error
    if len({entry.key for entry in found}) < len(found):
        raise CatalogueBroken(detail="two entries have the same key")
    return found


def keyring_of(entry: Entry) -> Path | None:
    """The keys the operator keeps for the publisher of an entry. Raises CatalogueBroken when there is no such folder."""
    if not settings.IMS_PUBLISHER_KEYS or not entry.publisher:
        return None
    folder = Path(settings.IMS_PUBLISHER_KEYS)
    if not folder.is_dir():
        raise CatalogueBroken(detail=f"IMS_PUBLISHER_KEYS: {folder} is no folder")
    keyring = folder / f"{entry.publisher}.gpg"
    return keyring if keyring.exists() else None


def entry_of(key: str) -> Entry:
    """The entry with a key. Raises NotFound, CatalogueBroken."""
    found = next((entry for entry in entries() if entry.key == key), None)
    if found is None:
        raise NotFound("catalogue-key", key=key)
    return found


def _entry(row: dict[str, Any]) -> Entry:
    """A row as an entry. Raises ValueError, TypeError (a field too many or too few)."""
    entry = Entry(**{**row, "boot_modes": tuple(row.get("boot_modes", ())), "checked_on": _date(row)})
    for name, field in Entry.__dataclass_fields__.items():
        if field.type in (str, int) and type(getattr(entry, name)) is not field.type:
            raise ValueError(f"{entry.key}: {name} is not of the right kind")
    for name, allowed in CHOICES.items():
        if getattr(entry, name) not in allowed:
            raise ValueError(f"{entry.key}: {name} is none of {', '.join(allowed)}")
    if not PUBLISHER.fullmatch(entry.publisher):
        raise ValueError(f"{entry.key}: publisher has small letters, digits and hyphens")
    if not entry.boot_modes or not set(entry.boot_modes) <= BOOT_MODES:
        raise ValueError(f"{entry.key}: boot_modes has bios, uefi or both")
    if bool(entry.build) == bool(entry.url and (entry.checksums or entry.checksum)):
        raise ValueError(f"{entry.key}: needs url with checksums or checksum, or build")
    return entry


def _date(row: dict[str, Any]) -> date | None:
    return date.fromisoformat(row["checked_on"]) if row.get("checked_on") else None


def note_checked(keys: set[str], day: date) -> None:
    """Write into the file that these entries were reached on that day; all else stays as it is written."""
    document = tomlkit.parse(catalogue_path().read_text())
    for row in document["image"]:
        if row["key"] in keys:
            row["checked_on"] = day.isoformat()
    catalogue_path().write_text(tomlkit.dumps(document))
