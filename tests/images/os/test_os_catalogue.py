"""The operating systems every install starts with."""

import pytest

from images.models import OsVersion
from images.os.catalogue import OS_VERSIONS, OTHER_LINUX, OTHER_WINDOWS, furnish_os_versions

pytestmark = pytest.mark.django_db
PLATFORMS = {
    "Windows", "SUSE", "Oracle Linux", "Red Hat", "Ubuntu", "OpenSUSE", "CentOS", "Debian", "Fedora", "EulerOS",
    "openEuler", "CentOS Stream", "Rocky Linux", "FreeBSD", "CoreOS", "Other", "BusyBox",
    "AlmaLinux", "Alpine Linux", "Arch Linux", "CirrOS",
}  # fmt: skip


def test_every_platform_of_the_service_is_there():
    assert {row["platform"] for row in OS_VERSIONS} == PLATFORMS
    assert {OTHER_LINUX, OTHER_WINDOWS} <= {row["name"] for row in OS_VERSIONS}


def test_furnishing_again_changes_nothing_and_leaves_the_operator_s_rows():
    own = OsVersion.objects.create(name="Own OS", os_type="Linux", platform="Own", version="1")
    for _ in range(2):
        furnish_os_versions(OsVersion)

    assert OsVersion.objects.filter(pk=own.pk).exists()
    assert OsVersion.objects.exclude(pk=own.pk).count() == len(OS_VERSIONS)


def test_rows_are_valid_and_32_bit_systems_do_not_boot_by_uefi():
    furnish_os_versions(OsVersion)
    for row in OsVersion.objects.all():
        row.full_clean()
        assert row.bits == 64 or not row.boots_uefi
        assert row.boots_bios or row.boots_uefi
