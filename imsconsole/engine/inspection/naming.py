"""Which system a name means: the label of an installation medium, or what a hypervisor calls it. A guess, to begin a form with."""

import re
from dataclasses import dataclass

# what it is called → the ID of its os-release; the first that is found counts
NAMES = (
    (r"windows|^(?:sss|ccsa|ccoma|cccoma|cpba)_x", "windows"),
    (r"open ?euler", "openeuler"),
    (r"euler ?os", "euleros"),
    (r"open ?suse", "opensuse-leap"),
    (r"ubuntu", "ubuntu"),
    (r"debian", "debian"),
    (r"rocky", "rocky"),
    (r"alma ?linux", "almalinux"),
    (r"centos", "centos"),
    (r"fedora", "fedora"),
    (r"oracle ?linux|^ol-?(?=\d)", "ol"),
    (r"rhel|red ?hat", "rhel"),
    (r"suse|^sle[sd]?\b|\bsles", "sles"),
    (r"alpine", "alpine"),
    (r"arch ?linux|^arch_", "arch"),
    (r"freebsd|(?=\d+_\d+_release_amd64|\d+_\d+_release_arm64)", "freebsd"),
)
VERSION = re.compile(r"(\d{1,4})(?:[._-](\d{1,2}))?(?:[._-]\d+)*(?:[ _-]?sp(\d))?", re.I)
NO_VERSION = re.compile(r"x?(?:86[_-])?64(?:free?|[ _-]?bit|guest)?|[a-z]{2}-[a-z]{2}_dv\d+", re.I)
ARM = re.compile(r"aarch64|arm64|_a64", re.I)
X86 = re.compile(r"x86[_-]64|amd64|x64|i[3-6]86", re.I)
NO_POINT = ("debian", "centos", "fedora", "windows")  # a point release is of its line, or there are none
ROLLING = ("arch",)


@dataclass(frozen=True)
class Named:
    """`id` and `version` as an os-release has them; `architecture` x86, arm or empty."""

    id: str
    version: str
    architecture: str


def system_named(text: str) -> Named | None:
    for pattern, id in NAMES:
        if found := re.search(pattern, text, re.I):
            return Named(id, _version(id, text[found.end() :]), architecture_named(text))
    return None


def architecture_named(text: str) -> str:
    return "arm" if ARM.search(text) else "x86" if X86.search(text) else ""


def _version(id: str, rest: str) -> str:
    found = VERSION.search(NO_VERSION.sub("", X86.sub("", ARM.sub("", rest))))
    if found is None or id in ROLLING:
        return ""
    major, minor, pack = found.groups()
    if pack:
        return f"{major}.{pack}"
    return f"{major}.{minor}" if minor and id not in NO_POINT else major
