"""The operating systems every install starts with (ims-facts §1.5). Afterwards the operator keeps the table.

UEFI follows the list of systems that support it in §1.5; it is only a part of them, so where it is silent
the row says what the system itself can do.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model

OTHER_LINUX = "Other Linux(64 bit)"  # what an image is when nothing better is known (R63)
OTHER_WINDOWS = "Other Windows(64 bit)"
# series whose devices need no driver that an old system lacks
GENERAL_SERIES = ("t6", "s6", "c6", "m6")

Row = dict[str, Any]


def _rows(
    platform: str, versions: Iterable[str], *, can: str = "", title: str = "", bits: int = 64
) -> list[Row]:
    """A row per version. `can` holds words: windows, uefi, no-bios, arm, bms, old."""
    words = set(can.split())
    return [
        {
            "name": f"{title or platform} {version} {bits}bit",
            "os_type": "Windows" if "windows" in words else "Linux",
            "platform": platform,
            "version": version,
            "bits": bits,
            "boots_bios": "no-bios" not in words,
            "boots_uefi": "uefi" in words,
            "on_x86": True,
            "on_arm": "arm" in words,
            "for_ecs": True,
            "for_bms": "bms" in words,
            "flavor_series": list(GENERAL_SERIES) if "old" in words else [],
        }
        for version in versions
    ]


def _other(os_type: str, bits: int) -> Row:
    """The fallback when the system is not known: it refuses nothing but what its bits refuse (R99)."""
    can = "uefi arm bms" if bits == 64 and os_type == "Linux" else "uefi bms" if bits == 64 else ""
    row = _rows("Other", [""], can=can, bits=bits)[0]
    return row | {"name": f"Other {os_type}({bits} bit)", "os_type": os_type, "version": os_type}


OS_VERSIONS: tuple[Row, ...] = (
    *_rows("Windows", ["2008 R2 Standard", "2008 R2 Enterprise"], can="windows old", title="Windows Server"),
    *_rows(
        "Windows",
        ["2012 R2 Standard", "2012 R2 Datacenter", "2016 Standard", "2016 Datacenter"],
        can="windows uefi bms",
        title="Windows Server",
    ),
    *_rows(
        "Windows",
        ["2019 Standard", "2019 Datacenter", "2022 Standard", "2022 Datacenter"],
        can="windows uefi bms",
        title="Windows Server",
    ),
    *_rows("Windows", ["10"], can="windows uefi"),
    *_rows("SUSE", ["11 SP3", "11 SP4"], can="uefi old", title="SUSE Linux Enterprise Server"),
    *_rows("SUSE", ["12 SP4", "12 SP5"], can="uefi bms", title="SUSE Linux Enterprise Server"),
    *_rows("SUSE", ["15 SP3", "15 SP4", "15 SP5"], can="uefi arm bms", title="SUSE Linux Enterprise Server"),
    *_rows("Oracle Linux", ["6.9"], can="uefi old"),
    *_rows("Oracle Linux", ["7.4", "7.6", "8.4", "8.8"], can="uefi bms"),
    *_rows("Red Hat", ["6.5", "6.10"], can="uefi old", title="Red Hat Enterprise Linux"),
    *_rows("Red Hat", ["7.6", "7.9", "8.4", "8.6"], can="uefi bms", title="Red Hat Enterprise Linux"),
    *_rows("Red Hat", ["9.0", "9.1"], can="uefi arm bms", title="Red Hat Enterprise Linux"),
    *_rows("Ubuntu", ["14.04 server"], can="uefi old"),
    *_rows("Ubuntu", ["14.04 server"], can="old", bits=32),
    *_rows("Ubuntu", ["16.04 server"], can="uefi bms"),
    *_rows("Ubuntu", ["18.04 server", "20.04 server", "22.04 server"], can="uefi arm bms"),
    *_rows("Ubuntu", ["24.04 server"], can="uefi arm"),
    *_rows("OpenSUSE", ["42.1"], can="uefi old", title="openSUSE"),
    *_rows("OpenSUSE", ["15.2", "15.3", "15.4", "15.5", "15.6"], can="uefi arm", title="openSUSE"),
    *_rows("CentOS", ["6.6", "6.10"], can="uefi old"),
    *_rows("CentOS", ["6.10"], can="old", bits=32),
    *_rows("CentOS", ["7.4", "7.5"], can="uefi bms"),
    *_rows("CentOS", ["7", "7.6", "7.9", "8", "8.2", "8.5"], can="uefi arm bms"),
    *_rows("CentOS Stream", ["8", "9", "10"], can="uefi arm"),
    *_rows("Debian", ["8", "8.8.0"], can="uefi old"),
    *_rows("Debian", ["9", "9.13.0"], can="uefi"),
    *_rows("Debian", ["10", "10.12.0", "11", "11.1.0", "12", "12.0.0", "13", "13.0.0"], can="uefi arm"),
    *_rows("Fedora", ["24", "27"], can="uefi old"),
    *_rows("Fedora", ["33", "36", "37", "38", "39", "43"], can="uefi arm"),
    *_rows("EulerOS", ["2.2", "2.3", "2.5"], can="uefi bms"),
    *_rows("EulerOS", ["2.8", "2.9", "2.10", "2.11", "2.12"], can="uefi arm bms"),
    *_rows("openEuler", ["20.03", "20.03 SP1", "22.03", "22.03 SP1", "24.03"], can="uefi arm bms"),
    *_rows("Rocky Linux", ["8.4", "8.8", "9.0", "9.2", "9"], can="uefi arm"),
    *_rows("AlmaLinux", ["9"], can="uefi arm"),
    *_rows("Alpine Linux", ["3.22"], can="uefi arm"),
    *_rows("Arch Linux", ["rolling"], can="uefi"),
    *_rows("CirrOS", ["0.6"], can="uefi arm"),
    *_rows("FreeBSD", ["11.0", "12.4", "13.2", "14.3"], can="uefi old"),
    *_rows("CoreOS", ["1800.1.0", "2079.4.0"], can="uefi"),
    *_rows("BusyBox", ["1.35"], can="uefi arm"),  # the demo's images
    _other("Linux", 64),
    _other("Linux", 32),
    _other("Windows", 64),
    _other("Windows", 32),
)


def furnish_os_versions(model: type[Model]) -> None:
    """Bring the table up to `OS_VERSIONS`; rows of other names are the operator's and stay as they are."""
    for row in OS_VERSIONS:
        model._default_manager.update_or_create(name=row["name"], defaults=row)
