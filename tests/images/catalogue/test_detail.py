"""The page of an image."""

import re

import pytest
from django.urls import reverse

from images.catalogue.attributes import attributes_of
from images.catalogue.views import SECTIONS
from images.models import Image
from imsconsole.audit.models import Event
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


def page_of(image, actor, section=""):
    response = client_of(actor).get(image.get_absolute_url(), {"section": section})
    assert response.status_code == 200
    return response.content.decode()


def job_about(image, **fields):
    return Job.objects.create(
        kind="image.delete", path="images.delete.jobs.DeleteImage", queue="quick", project=image.project,
        subject_kind="image", subject_id=image.pk, subject_name=image.name, **fields,
    )  # fmt: skip


def test_it_shows_every_attribute_with_its_checksums_and_tags(people):
    image = factories.ImageFactory(
        project=people.bob.project, name="web", description="For <the> web", boot_mode="uefi", min_disk_gb=40,
        min_ram_mb=512, max_ram_mb=4096, nic_multi_queue=True, source_name="web.vmdk",
    )  # fmt: skip
    factories.ImageDiskFactory(
        image=image,
        checksum="sha256:" + "a" * 64,
        source_checksum="sha256:" + "b" * 64,
        source_format="vmdk",
        source_size_bytes=2048,
    )
    image.tags.create(key="env", value="prod")
    page = page_of(image, people.dave)

    for text in (
        "web", str(image.pk), "For &lt;the&gt; web", "Normal", "Private image", "System disk image", "UEFI", "x86",
        "40 GB", "512 MB", "4096 MB", "Debian 12.0.0 64bit", "web.vmdk", "a" * 64, "b" * 64, "vmdk", "2 KiB",
        "env=prod", "Not encrypted",
    ):  # fmt: skip
        assert text in page


@pytest.mark.parametrize(("format", "converted"), [("qcow2", True), ("iso", False)])
def test_what_is_kept_as_it_came_in_is_not_called_converted(people, format, converted):
    image = factories.ImageFactory(project=people.bob.project, type="iso" if format == "iso" else "system")
    factories.ImageDiskFactory(image=image, format=format)
    page = page_of(image, people.dave)
    assert ("is converted" in page, "It is kept as it came in." in page) == (converted, not converted)


def test_an_encrypted_image_names_its_key(people):
    key = factories.KeyFactory(project=people.bob.project, name="vault-1")
    image = factories.ImageFactory(project=people.bob.project, key=key)
    page = page_of(image, people.dave)
    assert "Not encrypted" not in page
    assert {text for text in ("vault-1", str(key.pk)) if text in page} == {"vault-1", str(key.pk)}


def test_every_attribute_says_what_it_means(people):
    image = factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=image)
    image = Image.objects.get(pk=image.pk)
    attributes = [each for _, group in attributes_of(image, people.bob) for each in group]

    assert [str(each.name) for each in attributes if not each.meaning and each.name != "Created by"] == []
    assert len({str(each.name) for each in attributes}) == len(attributes)


@pytest.mark.parametrize(
    ("kind", "is_said"), [("system", True), ("full", True), ("data", False), ("iso", False)]
)
def test_fast_provisioning_is_of_images_that_servers_begin_as(people, kind, is_said):
    image = factories.ImageFactory(project=people.bob.project, type=kind)
    page = client_of(people.bob).get(image.get_absolute_url()).content.decode()

    assert ("Fast provisioning" in page) is is_said


def test_a_section_that_does_not_exist_shows_the_first(people):
    image = factories.ImageFactory(project=people.bob.project)
    assert "Disk capacity" in page_of(image, people.bob, "no-such-section")


def test_a_market_image_does_not_tell_what_its_publisher_made_it_of(people):
    image = factories.ImageFactory(
        project=None, category="market", source_name="secret-server", created_by=people.carol.user
    )
    factories.EditionFactory(version_of__listing__project=people.carol.project, image=image)
    for section in ("attributes", "lineage"):
        page = page_of(image, people.bob, section)
        assert "secret-server" not in page
        assert "carol" not in page


def test_its_history_is_what_the_trail_of_this_project_tells(people):
    image = factories.PublicImageFactory()
    for actor in (people.bob, people.carol):
        Event.objects.create(
            project=actor.project, user_name=f"name-of-{actor.user}", action="updateImage",
            resource_type="image", resource_id=str(image.pk),
        )  # fmt: skip
    page = page_of(image, people.bob, "history")

    assert "updateImage" in page
    assert "name-of-bob" in page
    assert "name-of-carol" not in page


def test_while_work_is_running_it_shows_the_progress_and_asks_again(people):
    image = factories.ImageFactory(project=people.bob.project, status="saving")
    job = job_about(image, state="running", lease_until=now(), bytes_done=50, bytes_total=100)
    page = page_of(image, people.bob)
    assert "50 %" in page
    assert 'hx-trigger="every 2s"' in page

    Job.objects.filter(pk=job.pk).update(state="done")
    assert 'hx-trigger="every 2s"' not in page_of(image, people.bob)


def test_a_failed_image_says_why_and_offers_to_retry(people):
    image = factories.ImageFactory(project=people.bob.project, status="killed", error_code="no-space")
    job = job_about(image, state="failed", error_code="no-space")
    page = page_of(image, people.bob)

    assert "The disk of the service is full" in page
    assert reverse("jobs:retry", args=[job.pk]) in page
    assert "read-only" in page_of(image, people.dave)


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
@pytest.mark.parametrize("section", SECTIONS)
def test_the_number_of_queries_does_not_depend_on_what_belongs_to_it(
    people, section, django_assert_max_num_queries
):
    image = factories.ImageFactory(project=people.bob.project, parent=factories.PublicImageFactory())
    client = client_of(people.bob)

    def asked():
        with django_assert_max_num_queries(30) as captured:
            client.get(image.get_absolute_url(), {"section": section})
        return len(captured)

    def add_one_of_each(n):
        server = factories.ServerFactory(project=people.bob.project, image=image)
        factories.DiskFactory(server=server, image=image)
        copy = factories.ImageFactory(project=people.bob.project, parent=image)
        factories.ServerFactory(project=people.bob.project, image=copy)
        image.tags.create(key=f"k{n}")
        job_about(image, state="done")
        Event.objects.create(
            project=people.bob.project, resource_type="image", resource_id=str(image.pk), action="updateImage"
        )

    add_one_of_each(0)
    asked()
    before = asked()
    for n in range(1, 15):
        add_one_of_each(n)
    assert asked() == before


def test_the_page_is_one_fragment_for_htmx(people):
    image = factories.ImageFactory(project=people.bob.project)
    page = (
        client_of(people.bob).get(image.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    )

    assert "<html" not in page
    assert re.search(r'<div id="image"', page)


def test_what_matters_comes_first_and_the_rest_is_folded_away(people):
    image = factories.ImageFactory(project=people.bob.project, min_disk_gb=40)
    factories.ImageDiskFactory(image=image, size_bytes=3 * 2**30)
    factories.ServerFactory(project=people.bob.project, image=image)
    factories.ServerFactory(project=people.carol.project, image=image)
    factories.ShareFactory(image=image)
    flavor = factories.FlavorFactory(memory_mb=1)
    factories.PriceFactory(of="flavor", listing=None, flavor=flavor, amount="0.25")
    page = page_of(image, people.bob)

    first = page[page.index('class="facts image-matters"') : page.index('<details class="card fold"')]
    for words in (
        "Debian 12.0.0",
        "3 GiB",
        "disks of 40 GB",
        "1 server",
        "shared with 1 project",
        "Free",
        "CN¥0.25 an hour",
    ):
        assert words in re.sub(r"\s+", " ", first), words
    groups = attributes_of(Image.objects.get(pk=image.pk), people.bob)
    assert page.count('<details class="card fold"') == len(groups)
    assert page.count('class="meaning"') == sum(len(group) for _title, group in groups)


def test_a_data_disk_image_starts_no_server_that_could_cost(people):
    factories.FlavorFactory()
    page = page_of(factories.ImageFactory(project=people.bob.project, type="data"), people.bob)
    assert "a server on" not in page


def test_with_whom_an_image_is_shared_is_not_told_to_others(people):
    assert "shared with" not in page_of(factories.PublicImageFactory(), people.bob)
