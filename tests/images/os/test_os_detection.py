"""R63: the system in a file counts, whatever was chosen; what is not recognised stays what was chosen, else Other."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from images.create.from_object.taking import take
from images.create.rules import Import, can_order_import
from images.create.services import import_image
from images.models import Image, OsVersion
from images.os.catalogue import OTHER_LINUX
from images.os.detection import os_version_of
from images.uploads.found import detected_os
from imsconsole.core.now import now
from imsconsole.engine.types import Found
from imsconsole.jobs.models import Job
from market.listings.checks import outcomes_of
from tests import factories
from tests.conftest import client_of
from tests.engine.systems import DEBIAN, make_disk, root_of
from tests.images.create.importing import DETAILS, uploaded
from tests.images.create.test_import_object import an_object
from tests.support.workers import finish

pytestmark = pytest.mark.django_db
DEBIAN_12 = "Debian 12 64bit"


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    folder = tmp_path_factory.mktemp("debian")
    return make_disk(folder / "debian.raw", root_of(folder / "root"))


def imported(actor, upload, **fields):
    image = import_image(
        Import(upload=upload, **{"name": "web", "type": "system", "min_disk_gb": 1, **fields}), actor=actor
    )
    job = finish(Job.objects.about(image.pk).get())
    image.refresh_from_db()
    assert image.status == "active", job.error_sentence
    return image


@pytest.mark.parametrize(
    ("id", "version", "name", "row"),
    [
        ("debian", "12", "", DEBIAN_12),
        ("debian", "11", "", "Debian 11 64bit"),
        ("debian", "7", "", None),
        ("debian", "1", "", None),
        ("ubuntu", "22.04", "", "Ubuntu 22.04 server 64bit"),
        ("ubuntu", "14.04", "", "Ubuntu 14.04 server 64bit"),
        ("centos", "7", "CentOS Linux 7 (Core)", "CentOS 7 64bit"),
        ("centos", "9", "CentOS Stream 9", "CentOS Stream 9 64bit"),
        ("rhel", "8.6", "", "Red Hat Enterprise Linux 8.6 64bit"),
        ("rhel", "8.99", "", None),
        ("rocky", "9.4", "", "Rocky Linux 9 64bit"),
        ("rocky", "9.2", "", "Rocky Linux 9.2 64bit"),
        ("sles", "12", "", None),
        ("sles", "15.5", "", "SUSE Linux Enterprise Server 15 SP5 64bit"),
        ("opensuse-leap", "15.6", "", "openSUSE 15.6 64bit"),
        ("openeuler", "22.03", "", "openEuler 22.03 64bit"),
        ("alpine", "3.22.1", "", "Alpine Linux 3.22 64bit"),
        ("arch", "", "", "Arch Linux rolling 64bit"),
        ("fedora", "40", "", None),
        ("nothing-known", "1", "", None),
        ("", "", "", None),
    ],
)
def test_what_the_disk_says_is_a_row_of_the_table(id, version, name, row):
    found = os_version_of(Found("raw", 0, 0, os_id=id, os_version=version, os_name=name))
    assert (found and found.name) == row


def test_the_detected_system_overrides_the_chosen_one(people, debian):
    upload = uploaded(people.bob, debian)
    assert detected_os(upload).name == DEBIAN_12
    image = imported(people.bob, upload, os_version=OsVersion.objects.get(name="Fedora 39 64bit"))
    assert (image.os_version.name, image.os_detected) == (DEBIAN_12, True)
    page = client_of(people.bob).get(image.get_absolute_url()).content.decode()
    assert "Found in the image." in page


def test_what_was_found_is_what_is_asked_about_and_said_from_the_beginning(people):
    """R108: a system that does not run on bare metal servers is none of theirs because another was chosen."""
    found = {"format": "raw", "virtual_size_bytes": 1, "size_bytes": 1, "sha256": ""}
    upload = factories.UploadFactory(
        project=people.bob.project,
        user=people.bob.user,
        state="complete",
        found=found | {"os_id": "ubuntu", "os_version": "24.04"},
        expires_at=now() + timedelta(days=1),
    )
    chosen = OsVersion.objects.get(name="Ubuntu 22.04 server 64bit")
    order = Import(upload, "web", "system", 1, os_version=chosen)
    assert can_order_import(replace(order, use="bms"), people.bob).code == "os-not-for-bms"
    image = import_image(order, actor=people.bob)
    assert (image.os_version.name, image.os_detected) == ("Ubuntu 24.04 server 64bit", True)


def test_whether_it_has_cloud_init_is_unknown_unless_it_was_seen(people, tmp_path, disks):
    """Nor does the market's scan say so."""
    root = root_of(tmp_path / "root")
    (root / "usr/bin").mkdir()
    (root / "usr/bin/cloud-init").write_text("#!/usr/bin/python3")
    seen = imported(people.bob, uploaded(people.bob, make_disk(tmp_path / "seen.raw", root)))
    other = imported(people.bob, uploaded(people.bob, disks / "disk.qcow2"), name="other")
    assert (seen.cloud_init, other.cloud_init) == (True, None)
    page = client_of(people.bob).get(other.get_absolute_url()).content.decode()
    assert re.search(r"Cloud-Init injection.{0,200}Unknown", page, re.DOTALL)
    for image in (seen, other):
        version = factories.ListingVersionFactory(listing__project=people.bob.project, image=image)
        checks = outcomes_of(version, checksum="", found=Found("qcow2", 1, 1), error=None)
        assert checks["outcomes"]["login"]["passed"] is bool(image.cloud_init)


def test_it_is_found_by_the_job_when_it_was_not_before(people, debian):
    image = imported(people.bob, uploaded(people.bob, debian, examined=False))
    assert (image.os_version.name, image.os_detected) == (DEBIAN_12, True)


def test_undetected_is_the_chosen_one_and_none_is_other(people, disks):
    chosen = OsVersion.objects.get(name="Fedora 39 64bit")
    image = imported(people.bob, uploaded(people.bob, disks / "disk.qcow2"), os_version=chosen)
    assert (image.os_version, image.os_detected) == (chosen, False)
    image = imported(people.bob, uploaded(people.bob, disks / "disk.qcow2"), name="other")
    assert (image.os_version.name, image.os_detected) == (OTHER_LINUX, False)


def test_data_disk_images_have_no_system(people, debian):
    image = imported(people.bob, uploaded(people.bob, debian), type="data")
    assert (image.os_version.name, image.os_detected) == (OTHER_LINUX, False)


def test_r61_fast_import_takes_what_is_given(people, debian):
    upload = take(an_object(people.bob, debian, "debian.raw"), actor=people.bob, is_fast=True)
    assert (upload.found["os_id"], detected_os(upload)) == ("", None)
    chosen = OsVersion.objects.get(name="Fedora 39 64bit")
    image = imported(people.bob, upload, os_version=chosen)
    assert (image.os_version, image.os_detected) == (chosen, False)


def test_the_wizard_shows_what_was_found_and_lets_nothing_else_be_chosen(people, debian):
    client, upload = client_of(people.bob), uploaded(people.bob, debian)
    step = client.post("/images/create/", {"type": "system", "format": "", "sha256": "", "upload": upload.pk})
    page = client.get(step["Location"])
    assert page.context["form"].fields["os_version"].disabled
    assert "Debian GNU/Linux 12 (bookworm)" in page.content.decode()
    other = OsVersion.objects.get(name="Fedora 39 64bit")
    confirm = client.post(step["Location"], {**DETAILS, "details-os_version": other.pk}, follow=True)
    assert DEBIAN_12 in confirm.content.decode()
    assert "found in the file" in confirm.content.decode()


def test_what_is_not_in_the_table_is_shown_as_it_is(people, tmp_path):
    root = root_of(
        tmp_path / "root", DEBIAN.replace("debian", "gardenlinux").replace("Debian GNU/Linux", "Garden")
    )
    upload = uploaded(people.bob, make_disk(tmp_path / "garden.raw", root))
    page = client_of(people.bob).get(f"/uploads/{upload.pk}/").content.decode()
    assert "Garden 12 (bookworm)" in page
    assert Image.objects.count() == 0
    assert detected_os(upload) is None


def test_uploads_of_before_can_still_be_read(people):
    upload = factories.UploadFactory(project=people.bob.project, user=people.bob.user, expires_at=now())
    upload.found = {"format": "raw", "virtual_size_bytes": 1, "size_bytes": 1}
    assert detected_os(upload) is None
