"""A stored file of which another checksum than a SHA-256 is known: it is compared by that, and never shown as a SHA-256."""

import hashlib
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.urls import reverse

from images.copy.services import copy_image
from images.export.jobs import exported_object
from images.models import Image, ImageDisk
from images.verify.services import verify_image
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import StoredBytes
from imsconsole.core.checksums import TITLES, checksum_text, digits_of
from imsconsole.jobs.models import Job
from market.listings.checks import lines_of
from tests.cloud.servers.machines import REGION, bootable_image
from tests.conftest import client_of
from tests.images.catalogue.test_export_csv import rows_of
from tests.images.export.test_export import begun
from tests.market.selling import in_review
from tests.support.clients import at
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db
OF_OTHERS = "0" * 128


@pytest.fixture
def image(people: SimpleNamespace) -> Image:
    image = bootable_image(people.bob, name="web")
    known(image, hashlib.sha512(content_of(image)).hexdigest())
    return image


def content_of(image: Image) -> bytes:
    with engine_for(REGION).open(image.disks.get().ref) as stored:
        return stored.read()


def known(image: Image, digits: str) -> None:
    """As of an engine that makes no SHA-256."""
    ImageDisk.objects.filter(image=image).update(checksum=f"sha512:{digits}")
    StoredBytes.objects.update(checksum=f"sha512:{digits}")


def test_it_is_said_by_which_algorithm_it_is() -> None:
    assert checksum_text("sha512:ab") == "SHA-512 ab"
    assert (digits_of("sha512:ab"), digits_of("sha512:ab", "sha256"), digits_of("")) == ("ab", "", "")
    assert set(TITLES.values()) == {"SHA-256", "SHA-512"}


def test_it_is_verified_by_it(people: SimpleNamespace, image: Image) -> None:
    for digits, status in ((OF_OTHERS, "frozen"), (hashlib.sha512(content_of(image)).hexdigest(), "active")):
        known(image, digits)
        verify_image(image, actor=people.bob)
        run_jobs()
        image.refresh_from_db()
        assert image.status == status


def test_pages_and_the_file_of_images_name_it(people: SimpleNamespace, image: Image) -> None:
    digits = digits_of(image.disks.get().checksum)
    page = client_of(people.bob).get(image.get_absolute_url()).content.decode()
    assert "SHA-512 of the stored file" in page
    assert "SHA-256 of the stored file" not in page
    assert digits in page
    row = rows_of(people.bob, tab="private")[0]
    assert (row["SHA-256 of the stored file"], row["SHA-512 of the stored file"]) == ("", digits)


def test_a_download_comes_with_it(people: SimpleNamespace, image: Image, tmp_path: Path) -> None:
    client, digits = client_of(people.bob), digits_of(image.disks.get().checksum)
    page = client.get(reverse("images:download", args=[image.pk])).content.decode()
    assert ">SHA-512<" in page
    assert "Checksum file (.sha512)" in page
    answer = client.get(at(image.project, reverse("images:download-stored", args=[image.pk])))
    assert answer["Repr-Digest"].startswith("sha-512=:")
    assert answer["ETag"] == f'"{digits}"'
    (tmp_path / "web.qcow2").write_bytes(b"".join(answer.streaming_content))
    sums = client.get(at(image.project, reverse("images:download-stored-checksum", args=[image.pk])))
    assert 'filename="web.qcow2.sha512"' in sums["Content-Disposition"]
    (tmp_path / "sums").write_bytes(sums.content)
    subprocess.run(["sha512sum", "--check", "--strict", "sums"], cwd=tmp_path, check=True)


def test_an_export_as_it_is_stored_is_compared_by_it(people: SimpleNamespace, image: Image) -> None:
    assert exported_object(finish(begun(people.bob, image, format="stored")))
    known(image, OF_OTHERS)
    job = finish(begun(people.bob, image, format="stored", key="other"))
    assert (job.state, job.error_code) == ("failed", "image-damaged")


def test_a_copy_says_it_of_what_it_was_made_of(people: SimpleNamespace, image: Image) -> None:
    copy = copy_image(image, name="copy", actor=people.bob)
    assert finish(Job.objects.get(kind="image.copy")).state == "done"
    disk = copy.disks.get()
    assert disk.source_checksum == disk.checksum == image.disks.get().checksum


def test_what_is_sent_to_the_market_is_scanned_by_it(people: SimpleNamespace, image: Image) -> None:
    (line,) = [each for each in lines_of(in_review(people.bob, image)) if each.title == "Stored bytes"]
    assert line.passed
    assert checksum_text(image.disks.get().checksum) in line.sentence
