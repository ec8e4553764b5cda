"""Which system is meant by a label of an installation medium, or by what a hypervisor calls it."""

from pathlib import Path

import pytest

from imsconsole.engine.inspection import Inspector
from imsconsole.engine.inspection.naming import Named, system_named
from imsconsole.engine.types import GIB
from tests.engine.hostile import put

ISO = Path("/usr/lib/ipxe/ipxe.iso")
LABEL_AT = 32768 + 40


@pytest.mark.parametrize(
    ("text", "id", "version", "architecture"),
    [
        ("Ubuntu-Server 22.04.3 LTS amd64", "ubuntu", "22.04", "x86"),
        ("Ubuntu 24.04 LTS arm64", "ubuntu", "24.04", "arm"),
        ("Debian 12.4.0 amd64 n", "debian", "12", "x86"),
        ("CentOS 7 x86_64", "centos", "7", "x86"),
        ("CentOS-8-5-2111-x86_64-dvd", "centos", "8", "x86"),
        ("RHEL-9-3-0-BaseOS-x86_64", "rhel", "9.3", "x86"),
        ("RHEL-7.9 Server.x86_64", "rhel", "7.9", "x86"),
        ("OL-8-8-0-BaseOS-x86_64", "ol", "8.8", "x86"),
        ("Rocky-9-3-x86_64-dvd", "rocky", "9.3", "x86"),
        ("AlmaLinux-9-3-aarch64-dvd", "almalinux", "9.3", "arm"),
        ("Fedora-S-dvd-x86_64-39", "fedora", "39", "x86"),
        ("openEuler-22.03-LTS-SP1-x86_64", "openeuler", "22.03", "x86"),
        ("EulerOS 2.0 SP5 x86_64", "euleros", "2.5", "x86"),
        ("SLE-15-SP5-Full-x86_64110.102.001", "sles", "15.5", "x86"),
        ("openSUSE-Leap-15.5-DVD-x86_64100", "opensuse-leap", "15.5", "x86"),
        ("alpine-std 3.19.0 x86_64", "alpine", "3.19", "x86"),
        ("13_2_RELEASE_AMD64_CD", "freebsd", "13.2", "x86"),
        ("ARCH_202401", "arch", "", ""),
        ("SSS_X64FREE_EN-US_DV9", "windows", "", "x86"),
        ("CCCOMA_X64FRE_EN-US_DV9", "windows", "", "x86"),
        ("Microsoft Windows Server 2019 (64-bit) windows2019srv_64Guest", "windows", "2019", ""),
        ("Debian GNU/Linux 11 (64-bit) debian11_64Guest", "debian", "11", ""),
        ("Ubuntu Linux (64-bit) ubuntu64Guest", "ubuntu", "", ""),
        ("Debian_64", "debian", "", ""),
        ("Red Hat Enterprise Linux 8 (64-bit) rhel8_64Guest", "rhel", "8", ""),
        ("SUSE Linux Enterprise 15 (64-bit)", "sles", "15", ""),
    ],
)
def test_a_name_means_a_system(text: str, id: str, version: str, architecture: str) -> None:
    assert system_named(text) == Named(id, version, architecture)


@pytest.mark.parametrize("text", ["", "ISOIMAGE", "CDROM", "GRUB_RESCUE", "x" * 5000, "9" * 5000])
def test_what_means_none_means_none(text: str) -> None:
    assert system_named(text) is None


@pytest.mark.parametrize(
    ("label", "found"),
    [
        (b"Debian 12.4.0 amd64 n", ("debian", "12", "Debian 12.4.0 amd64 n", "x86")),
        (b"MY TOOLS", ("", "", "", "")),
        (b"debian \x1b[2J\0\xff", ("", "", "", "")),
    ],
)
def test_an_installation_medium_is_known_by_its_label(label: bytes, found: tuple[str, ...]) -> None:
    inspector = Inspector(GIB)
    inspector.feed(put(ISO.read_bytes(), LABEL_AT, label.ljust(32)))
    seen = inspector.finish("iso")
    assert (seen.os_id, seen.os_version, seen.os_name, seen.architecture) == found
