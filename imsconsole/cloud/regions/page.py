"""The lines of the page about a region's cloud."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from imsconsole.accounts.models import AvailabilityZone, Region
from imsconsole.cloud.hosts import LACKING, Host, is_able
from imsconsole.cloud.models import AccountCloud, Flavor
from imsconsole.cloud.regions import rules
from imsconsole.cloud.regions.forms import UseForm
from imsconsole.cloud.regions.words import ABILITIES, LEAVING, QUOTAS, RIGHTS, SERVICES
from imsconsole.core.rules import Verdict
from imsconsole.core.sentences import sentence
from imsconsole.engine.sizes import meant
from imsconsole.engine.types import Capabilities


@dataclass(frozen=True)
class Line:
    """One finding. `ok`: None where it is neither good nor bad."""

    title: str | Promise
    ok: bool | None = None
    said: str | Promise = ""
    detail: str = ""


@dataclass(frozen=True)
class Quota:
    title: str | Promise
    used: int | None
    limit: int | None

    @property
    def percent(self) -> int | None:
        if self.used is None or self.limit is None:
            return None
        return min(100, 100 * self.used // self.limit) if self.limit else 100


@dataclass(frozen=True)
class FlavorLine:
    """One of our flavors, the field in which its counterpart is named, and what that is now; none: it cannot be launched there."""

    thing: Flavor
    field: BoundField
    theirs: str
    by_hand: bool

    @property
    def is_lost(self) -> bool:
        """Named by hand, and not there."""
        return self.by_hand and not self.theirs


@dataclass(frozen=True)
class ProjectLine:
    """A cloud project of an account: the row, what was found there, and why it cannot be used, if it cannot."""

    row: AccountCloud
    found: dict[str, Any]
    why_not: str

    @property
    def quotas(self) -> list[Quota]:
        return quotas(self.found)

    @property
    def lacking(self) -> list[Line]:
        """What may not be done there."""
        return [line for line in rights(self.found) if line.ok is False]


@dataclass(frozen=True)
class ZoneLine:
    thing: AvailabilityZone
    field: BoundField
    ok: bool


def services(found: dict[str, Any]) -> Iterator[Line]:
    for each in found.get("services", ()):
        title = SERVICES.get(each["name"], each["name"])
        if each.get("code"):
            yield Line(title, False, sentence(each["code"], each["values"]))
        elif each["is_enough"]:
            yield Line(title, True, each["version"], each["url"])
        else:
            said = _("%(version)s is too old: %(needs)s is needed.") % each
            yield Line(title, False, said, each["url"])


def rights(found: dict[str, Any]) -> list[Line]:
    return [
        Line(
            RIGHTS.get(each["name"], each["name"]),
            each["ok"],
            "" if each["ok"] else sentence(each["code"], each["values"]),
        )
        for each in found.get("rights", ())
    ]


def quotas(found: dict[str, Any]) -> list[Quota]:
    return [
        Quota(QUOTAS.get(each["name"], each["name"]), each["used"], each["limit"])
        for each in found.get("quotas", ())
    ]


def networks(found: dict[str, Any]) -> list[Line]:
    return [
        Line(
            each["name"] or each["id"],
            each["is_up"],
            ", ".join(each["subnets"]) or _("no subnet"),
            each["id"],
        )
        for each in found.get("networks", ())
    ]


def zones_there(found: dict[str, Any]) -> Iterator[Line]:
    """Of servers and disks: what is in one alone, or not available, is told."""
    for each in found.get("zones", ()):
        missing = {
            "compute": _("no servers"),
            "block_storage": _("no disks"),
        }
        said = [text for name, text in missing.items() if not each.get(name)]
        yield Line(each["name"], not said, ", ".join(said))


def flavor_lines(form: UseForm, region: Region, found: dict[str, Any]) -> list[FlavorLine]:
    """Those that cannot be launched first."""
    there: Sequence[dict[str, Any]] = found.get("flavors", ())
    lines = []
    for flavor in form.flavors:
        name = region.flavor_names.get(flavor.name, "")
        theirs = meant(there, name, flavor.vcpus, flavor.memory_mb)
        field = form[f"flavor:{flavor.pk}"]
        lines.append(FlavorLine(flavor, field, theirs["name"] if theirs else "", bool(name)))
    return sorted(lines, key=lambda line: bool(line.theirs))


def zone_lines(form: UseForm, region: Region, found: dict[str, Any]) -> list[ZoneLine]:
    there = {each["name"] for each in found.get("zones", ()) if each.get("compute")}
    return [
        ZoneLine(zone, form[f"zone:{zone.pk}"], region.zone_names.get(zone.code, "") in there | {""})
        for zone in form.zones
    ]


def leaving(region: Region) -> list[tuple[str | Promise, Verdict]]:
    """What is to be done before the region is left, in this order."""
    return list(zip(LEAVING, rules.leaving(region), strict=True))


def project_lines(region: Region, found: dict[str, Any]) -> list[ProjectLine]:
    lines = []
    for row in region.account_clouds.select_related("account"):
        there = found.get("projects", {}).get(row.cloud, {})
        seen = sentence(there["code"], there["values"]) if there.get("code") else ""
        lines.append(ProjectLine(row, there, row.error_sentence or seen))
    return lines


def abilities(capabilities: Capabilities) -> list[Line]:
    """What can be done there, and why not what cannot."""
    verdicts = ((name, is_able(name, Host(capabilities, None))) for name in LACKING)
    return [Line(ABILITIES[name], bool(verdict), verdict.reason or "") for name, verdict in verdicts]
