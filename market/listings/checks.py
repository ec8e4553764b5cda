"""What a scan looks at, and what it says. A version keeps code, outcome and values; the sentence is made for its reader."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from images.models import Image
from images.os.detection import os_version_of
from imsconsole.core.checksums import checksum_text
from imsconsole.core.errors import BadImage
from imsconsole.core.sentences import sentence
from imsconsole.core.text import size
from imsconsole.engine.types import Found
from market.models import ListingVersion

ATTRIBUTES = (
    "type", "use", "os_version_id", "os_detected", "architecture", "boot_mode", "min_disk_gb", "min_ram_mb", "max_ram_mb",
    "nic_multi_queue", "secure_boot", "tpm", "default_flavor_id", "cloud_init",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One line of the checklist. What `blocks` and did not pass sends the version back at once."""

    title: str | Promise
    passed: str | Promise
    failed: str | Promise
    blocks: bool = False


CHECKS: Mapping[str, Check] = {
    "bytes": Check(
        _("Stored bytes"),
        _("They were read to the end and are those of the image: %(checksum)s."),
        _("They are not what they were: %(found)s instead of %(checksum)s."),
        blocks=True,
    ),
    "content": Check(
        _("Content"),
        _("The file was inspected anew: %(format)s, %(size)s, a disk of %(disk)s."),
        _("The inspection refused the file: %(why)s"),
        blocks=True,
    ),
    "system": Check(
        _("Operating system"),
        _("%(found)s was found in the image."),
        _("No known system was found in the image, which states %(stated)s. Look at it on a server."),
    ),
    "boot": Check(
        _("Boot mode"),
        _("The disk boots by %(mode)s, as the image states."),
        _("Nothing on the disk says that it boots by %(mode)s, as the image states. Look at it on a server."),
    ),
    "login": Check(
        _("First login"),
        _("Passwords and keys are set at the first start (Cloud-Init)."),
        _(
            "Nothing says that passwords or keys are set at the first start (Cloud-Init): the description has to say how "
            "to sign in."
        ),
    ),
    "software": Check(
        _("Built-in software"),
        _("Named pieces of software: %(number)s."),
        _("No software is named: buyers do not learn what is in it."),
    ),
    "pictures": Check(
        _("Screenshots"),
        _("Screenshots that show what it looks like: %(number)s."),
        _("There is no screenshot."),
    ),
}


@dataclass(frozen=True)
class CheckOutcome:
    """What one check found. `values` are JSON."""

    passed: bool
    values: Mapping[str, Any]


@dataclass(frozen=True)
class CheckLine:
    """A check as its reader sees it."""

    title: str
    passed: bool
    blocks: bool
    sentence: str


def outcomes_of(
    version: ListingVersion, *, checksum: str, found: Found | None, error: BadImage | None
) -> dict[str, Any]:
    """All checks of a version whose stored file has that checksum, and the image's attributes as they were looked at.

    `found` is what inspection says; None with the `error` it ended with.
    """
    image = version.image
    disk = image.disks.get()
    made = {
        "bytes": CheckOutcome(checksum == disk.checksum, _checksums(disk.checksum, checksum)),
        "content": _content(found, error),
        **(_of_found(image, found) if found else {}),
        "login": CheckOutcome(bool(image.cloud_init or (found and found.cloud_init)), {}),
        "software": _some(version.software.count()),
        "pictures": _some(version.pictures.count()),
    }
    return {
        "outcomes": {code: asdict(outcome) for code, outcome in made.items()},
        "attributes": {name: getattr(image, name) for name in ATTRIBUTES},
    }


def lines_of(version: ListingVersion) -> list[CheckLine]:
    """The checklist; empty before the scan."""
    outcomes: dict[str, Any] = version.checks.get("outcomes", {})  # type: ignore[assignment]
    lines = []
    for code, check in CHECKS.items():
        if outcome := outcomes.get(code):
            text = check.passed if outcome["passed"] else check.failed
            said = {name: _said(value) for name, value in outcome["values"].items()}
            lines.append(CheckLine(str(check.title), outcome["passed"], check.blocks, str(text) % said))
    return lines


def may_go_on(checks: Mapping[str, Any]) -> bool:
    """Whether the operator is to see it."""
    outcomes = checks["outcomes"]
    return all(
        code in outcomes and outcomes[code]["passed"] for code, check in CHECKS.items() if check.blocks
    )


def _content(found: Found | None, error: BadImage | None) -> CheckOutcome:
    if found is None:
        assert error is not None  # noqa: S101  one of both
        return CheckOutcome(False, {"why": {"code": error.code, "values": error.values}})
    sizes = {"size": {"bytes": found.size_bytes}, "disk": {"bytes": found.virtual_size_bytes}}
    return CheckOutcome(True, {"format": found.format, **sizes})


def _of_found(image: Image, found: Found) -> dict[str, CheckOutcome]:
    """What was found inside, against what the image states."""
    system, stated = os_version_of(found), image.os_version
    boots = image.boot_mode in found.boot_modes
    name = found.os_name or str(system or "")
    return {
        "system": CheckOutcome(bool(name), {"found": name, "stated": str(stated or "–")}),
        "boot": CheckOutcome(boots, {"mode": image.boot_mode.upper()}),
    }


def _some(number: int) -> CheckOutcome:
    return CheckOutcome(number > 0, {"number": number})


def _checksums(known: str, found: str) -> dict[str, Any]:
    return {"checksum": {"checksum": known}, "found": {"checksum": found}}


def _said(value: Any) -> Any:
    match value:
        case {"bytes": int(number)}:
            return size(number)
        case {"checksum": str(checksum)}:
            return checksum_text(checksum)
        case {"code": str(code), "values": dict(values)}:
            return sentence(code, values)
    return value
