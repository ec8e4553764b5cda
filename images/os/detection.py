"""From what a disk says of its system to the operator's table (R63)."""

from images.models import OsVersion
from imsconsole.engine.types import Found, Machine

# the ID of an os-release → the platform of our table
PLATFORMS = {
    "almalinux": "AlmaLinux",
    "alpine": "Alpine Linux",
    "arch": "Arch Linux",
    "centos": "CentOS",
    "cirros": "CirrOS",
    "debian": "Debian",
    "euleros": "EulerOS",
    "fedora": "Fedora",
    "freebsd": "FreeBSD",
    "ol": "Oracle Linux",
    "openeuler": "openEuler",
    "opensuse-leap": "OpenSUSE",
    "rhel": "Red Hat",
    "rocky": "Rocky Linux",
    "sled": "SUSE",
    "sles": "SUSE",
    "ubuntu": "Ubuntu",
    "windows": "Windows",
}


def os_version_of(found: Found | Machine) -> OsVersion | None:
    """The row of what was found: that version, else its line; never one that is more precise than the disk is.

    >>> # "12" finds 12; "22.04" of Ubuntu finds 22.04 server; "9.4" finds 9; "15.5" of SUSE finds 15 SP5
    """
    platform = PLATFORMS.get(found.os_id)
    if platform is None:
        return None
    version = found.os_version or "rolling"
    if platform == "CentOS" and "stream" in found.os_name.lower():
        platform = "CentOS Stream"
    if platform == "SUSE":
        version = version.replace(".", " SP")
    if platform == "Ubuntu":
        version = f"{version} server"
    rows = {row.version: row for row in OsVersion.objects.filter(platform=platform, bits=64)}
    lines = [known for known in rows if f"{version}.".startswith(f"{known}.")]
    return rows.get(max(lines, key=len, default=""))
