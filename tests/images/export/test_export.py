"""Exporting an image: rule, service, job, page."""

import hashlib
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.urls import reverse

from images.export.jobs import ExportImage, exported_object
from images.export.rules import (
    EXPORT_BYTES_FACTS,
    EXPORT_FACTS,
    Format,
    can_export,
    can_export_as,
    can_export_into,
)
from images.export.services import export_image
from images.models import Image
from images.product.ancestry import ancestors_of, keys_made_of, load_ancestors, market_image_of
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.buckets.services import delete_bucket
from imsconsole.cloud.buckets.store import incoming_ids, open_object, storage, stored_ids, stored_name
from imsconsole.cloud.buckets.sweep import sweep_objects
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import BucketObject
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB, MIB, Unwatched
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from tests import factories
from tests.cloud.buckets.making import stored
from tests.cloud.servers.machines import bootable_image
from tests.conftest import HTMX, client_of
from tests.engine.guests import TestWork
from tests.images.create.importing import work_files
from tests.images.delete.test_delete import live_job
from tests.support.wizards import confirmation
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db


def facts(image, actor):
    images = Image.objects.with_facts(actor, *EXPORT_FACTS, *EXPORT_BYTES_FACTS)
    return images.select_related("os_version", "key").get(pk=image.pk)


def sized(actor, gb=1, **fields):
    """An image without bytes whose disk has so many GB."""
    image = factories.ImageFactory(**{"project": actor.project, **fields})
    factories.ImageDiskFactory(image=image, virtual_size_bytes=gb * GIB)
    return image


def bucket_of(actor, **fields):
    return factories.BucketFactory(project=actor.project, **fields)


def begun(actor, image=None, *, format="qcow2", key="disk.qcow2", bucket=None):
    """An export, waiting."""
    image = image or bootable_image(actor)
    export_image(image, bucket=bucket or bucket_of(actor), key=key, format=format, actor=actor)
    return Job.objects.live().get(subject_id=image.pk)


def content_of(image, folder):
    """The disk of a stored image as the raw file its guest sees."""
    disk = image.disks.get()
    with engine_for(image.region_id).open(disk.ref) as stream:
        (folder / "stored.qcow2").write_bytes(stream.read())
    return raw(folder / "stored.qcow2", "qcow2")


def raw(path: Path, driver: str) -> bytes:
    target = path.with_suffix(".back")
    subprocess.run(["qemu-img", "convert", "-f", driver, "-O", "raw", path, target], check=True)
    return target.read_bytes()


def nothing_is_left():
    assert [each.what for each in differences()] == []
    assert (list(stored_ids()), list(incoming_ids()), work_files()) == ([], [], [])
    assert not BucketObject.objects.exists()


# rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_only_those_who_may_write_in_the_owning_project_may_export(people, name, code):
    actor = getattr(people, name)
    image = sized(people.bob)
    assert can_export(facts(image, actor), actor).code == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"category": "public", "project": None, "region": "ours"}, "not-private"),  # R70
        ({"category": "market", "project": None, "region": "ours"}, "not-private"),
        ({"type": "full"}, "full-ecs"),  # R71
        ({"type": "iso"}, "iso"),  # R72
        ({"type": "data"}, ""),
        ({"status": "saving"}, "not-active"),
        ({"status": "killed"}, "not-active"),
        ({"status": "frozen"}, "not-active"),
        ({"status": "deleted"}, "not-active"),
        ({"protected": True}, ""),
    ],
)
def test_what_it_is_decides(people, fields, code):
    if fields.get("region"):
        fields = {**fields, "region": people.bob.region}
    assert can_export(facts(sized(people.bob, **fields), people.bob), people.bob).code == code


def made_from(image, generations=0):
    """An image made from it through so many more."""
    for _ in range(generations + 1):
        image = factories.ImageFactory(project=factories.ProjectFactory(), parent=image, region=image.region)
    return image


@pytest.mark.parametrize("generations", [0, 1, 5])
@pytest.mark.parametrize(
    ("platform", "os_type", "code"),
    [
        ("Windows", "Windows", "from-licensed"),
        ("SUSE", "Linux", "from-licensed"),
        ("Other", "Windows", "from-licensed"),
        ("Debian", "Linux", ""),
        ("Ubuntu", "Linux", ""),
        ("openSUSE", "Linux", ""),
    ],
)
def test_r73_what_derives_from_certain_public_images_stays(people, generations, platform, os_type, code):
    """C7, the short list; through any number of generations, whoever had them and whatever became of them."""
    os = factories.OsVersionFactory(name=platform, platform=platform, os_type=os_type)
    public = factories.PublicImageFactory(region=people.bob.region, os_version=os)
    between = made_from(public, generations)
    image = sized(people.bob, parent=between)
    Image.objects.filter(pk=between.pk).update(status="deleted")
    assert can_export(facts(image, people.bob), people.bob).code == code


def test_r73_an_external_file_of_the_same_system_can_be_exported_and_what_was_made_from_it(people):
    os = factories.OsVersionFactory(name="win", platform="Windows", os_type="Windows")
    imported = sized(people.bob, os_version=os)
    copied = sized(people.bob, os_version=os, parent=imported)
    assert can_export(facts(imported, people.bob), people.bob)
    assert can_export(facts(copied, people.bob), people.bob)


def test_r73_the_list_of_platforms_is_a_setting(people, settings):
    os = factories.OsVersionFactory(name="u", platform="Ubuntu")
    image = sized(people.bob, parent=factories.PublicImageFactory(region=people.bob.region, os_version=os))
    assert can_export(facts(image, people.bob), people.bob)
    settings.IMS_EXPORT_EXCLUDES = ["Ubuntu"]
    assert can_export(facts(image, people.bob), people.bob).code == "from-licensed"


def test_r74_what_derives_from_a_market_image_stays(people):
    market = factories.ImageFactory(category="market", project=None, region=people.bob.region)
    image = sized(people.bob, parent=made_from(market))
    assert can_export(facts(image, people.bob), people.bob).code == "from-market"


@pytest.mark.slow(reason="a hundred generations of copies are made")
def test_r74_a_long_line_of_copies_does_not_wash_it_clean(people):
    """Each generation is a copy that costs nothing, so nobody is kept from making 100."""
    market = factories.ImageFactory(category="market", project=None, region=people.bob.region)
    image = sized(people.bob, parent=made_from(market, 120))
    assert can_export(facts(image, people.bob), people.bob).code == "from-market"
    assert market_image_of(image) == market
    assert image.pk in keys_made_of([market.pk])


def test_ancestors_of_a_whole_list_take_one_query(people, django_assert_num_queries):
    line = made_from(made_from(factories.PublicImageFactory(region=people.bob.region)))
    images = [factories.ImageFactory(project=people.bob.project, parent=line) for _ in range(20)]
    images += [factories.ImageFactory(project=people.bob.project)]
    with django_assert_num_queries(1):
        load_ancestors(images)
        assert [len(ancestors_of(image)) for image in images] == [3] * 20 + [0]


@pytest.mark.parametrize(
    ("gb", "format", "possible", "code"),
    [
        (128, "qcow2", "", ""),
        (129, "qcow2", "", "export-needs-fast"),
        (129, "stored", "", ""),
        (1023, "stored", "", ""),
        (1024, "stored", "export-too-large", ""),
        (1, "zvhd", "", "zvhd"),
        *((1, each.value, "", "") for each in Format if each != Format.ZVHD),
    ],
)
def test_r75_and_r78_sizes_and_formats(people, gb, format, possible, code):
    image = facts(sized(people.bob, gb), people.bob)
    assert can_export(image, people.bob).code == possible
    assert can_export_as(image, format).code == code


def test_r76_the_file_of_an_encrypted_image_is_not_handed_out_as_it_is(people):
    key = factories.KeyFactory(project=people.bob.project)
    image = facts(sized(people.bob, key=key), people.bob)
    assert can_export(image, people.bob)
    assert can_export_as(image, "qcow2")
    assert can_export_as(image, "stored").code == "fast-export-encrypted"
    too_large = facts(sized(people.bob, 129, key=key), people.bob)
    assert can_export(too_large, people.bob).code == "export-needs-fast"


def test_r90_the_key_must_be_enabled(people):
    key = factories.KeyFactory(project=people.bob.project, state="disabled")
    assert can_export(facts(sized(people.bob, key=key), people.bob), people.bob).code == "key-not-enabled"


def test_r79_an_image_that_is_being_exported_is_not_exported_again(people):
    image = sized(people.bob)
    job = live_job(image)
    assert can_export(facts(image, people.bob), people.bob).code == "image-busy"
    Job.objects.filter(pk=job.pk).update(kind=ExportImage.kind)
    assert can_export(facts(image, people.bob), people.bob).code == "exporting"


@pytest.mark.parametrize("storage_class", ["warm", "cold"])
def test_r77_the_bucket_is_a_standard_one(people, storage_class):
    image, bucket = facts(sized(people.bob), people.bob), bucket_of(people.bob, storage_class=storage_class)
    assert can_export_into(image, bucket, "a.qcow2", "qcow2", people.bob).code == "bucket-not-standard"


def test_nothing_in_the_bucket_is_replaced(people):
    """IMG.0070."""
    image, bucket = facts(sized(people.bob), people.bob), bucket_of(people.bob)
    factories.BucketObjectFactory(bucket=bucket, key="there.qcow2")
    factories.BucketObjectFactory(bucket=bucket, key="coming.qcow2", state="arriving")
    for key, code in (("there.qcow2", "object-exists"), ("coming.qcow2", "object-exists"), ("a.qcow2", "")):
        assert can_export_into(image, bucket, key, "qcow2", people.bob).code == code


# service and job -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "driver"),
    [("qcow2", "qcow2"), ("vmdk", "vmdk"), ("vhd", "vpc"), ("raw", "raw"), ("stored", "qcow2")],
)
def test_the_object_has_the_content_of_the_disk_bit_for_bit(people, tmp_path, format, driver):
    """R25, R78."""
    image = bootable_image(people.bob)
    job = finish(begun(people.bob, image, format=format, key="folder/disk.bin"))
    assert (job.state, job.error_code) == ("done", "")
    made = exported_object(job)
    assert (made.key, made.created_by) == ("folder/disk.bin", people.bob.user)
    with open_object(made) as file:
        (tmp_path / "out").write_bytes(file.read())
    assert made.size_bytes == (tmp_path / "out").stat().st_size
    assert made.sha256 == hashlib.sha256((tmp_path / "out").read_bytes()).hexdigest()
    assert raw(tmp_path / "out", driver) == content_of(image, tmp_path)
    assert [each.what for each in differences()] == []
    assert work_files() == []
    assert used_by(people.bob.project)["bucket_bytes"] == made.size_bytes
    event = Event.objects.get(action="exportImage")
    assert (event.resource_id, event.sentence) == (str(image.pk), f"{made.bucket.name}/folder/disk.bin")


def test_fast_export_shares_the_bytes_and_each_outlives_the_other(people):
    image = bootable_image(people.bob)
    made = exported_object(finish(begun(people.bob, image, format="stored")))
    disk, engine = image.disks.get(), engine_for(image.region_id)
    assert f"sha256:{made.sha256}" == disk.checksum
    path = Path(storage().path(stored_name(made.pk)))
    assert path.stat().st_nlink == 2
    assert path.stat().st_mode & 0o777 == 0o444  # servers read the same file
    engine.delete(disk.ref, work=Unwatched())
    with open_object(made) as file:
        assert f"sha256:{hashlib.sha256(file.read()).hexdigest()}" == disk.checksum


def test_a_damaged_file_is_not_handed_out_as_it_is(people):
    image = bootable_image(people.bob)
    image.disks.update(checksum="sha256:" + "0" * 64)
    job = finish(begun(people.bob, image, format="stored"))
    assert (job.state, job.error_code) == ("failed", "image-damaged")
    nothing_is_left()


def test_the_image_stays_usable_while_it_is_exported_and_its_bucket_stays(people):
    bucket = bucket_of(people.bob)
    job = begun(people.bob, bucket=bucket)
    assert Image.objects.get(pk=job.subject_id).status == "active"
    with pytest.raises(Refused):
        delete_bucket(type(bucket).objects.with_facts().get(pk=bucket.pk), actor=people.bob)


def test_a_second_export_and_a_second_file_of_the_name_read_a_sentence(people):
    image, bucket = bootable_image(people.bob), bucket_of(people.bob)
    begun(people.bob, image, bucket=bucket)
    with pytest.raises(Refused) as again:
        begun(people.alice, image, bucket=bucket, key="other.qcow2")
    with pytest.raises(Refused) as same:
        begun(people.bob, bucket=bucket)
    assert (again.value.code, same.value.code) == ("exporting", "object-exists")


def test_others_buckets_are_not_found(people):
    with pytest.raises(NotFound):
        begun(people.bob, bucket=bucket_of(people.carol))


def test_the_quota_is_reserved_and_given_back(people):
    image = bootable_image(people.bob)
    people.bob.project.quotas = {"bucket_bytes": 5 * MIB}
    people.bob.project.save(update_fields=["quotas"])
    with pytest.raises(Refused) as refusal:
        begun(people.bob, image, format="qcow2")  # 4 MiB of noise, and what a format adds
    assert refusal.value.code == "quota-bucket-bytes"
    job = begun(people.bob, image, format="raw")
    assert used_by(people.bob.project)["bucket_bytes"] == 4 * MIB
    cancel_job(job, actor=people.bob)
    assert used_by(people.bob.project)["bucket_bytes"] == 0
    nothing_is_left()


def test_a_file_that_became_larger_than_the_quota_is_refused_at_the_end(people):
    image = bootable_image(people.bob)
    job = begun(people.bob, image)
    people.bob.project.quotas = {"bucket_bytes": MIB}
    people.bob.project.save(update_fields=["quotas"])
    job = finish(job)
    assert (job.state, job.error_code) == ("failed", "bucket-quota-reached")
    nothing_is_left()


def test_a_file_of_the_name_that_came_first_stays(people):
    """An upload, which replaces what has its name, does not know of exports that wait."""
    bucket = bucket_of(people.bob)
    job = begun(people.bob, bucket=bucket, key="disk.raw", format="raw")
    first = stored(bucket, people.bob, "disk.raw")
    job = finish(job)
    assert (job.state, job.error_code) == ("failed", "object-exists")
    assert list(BucketObject.objects.all()) == [first]
    with pytest.raises(Conflict):
        retry_job(job, actor=people.bob)
    first.delete()
    job = finish(retry_job(job, actor=people.bob))
    assert (job.state, exported_object(job).key) == ("done", "disk.raw")


def test_a_retry_without_the_bucket_says_so(people):
    bucket = bucket_of(people.bob)
    image = bootable_image(people.bob)
    image.disks.update(checksum="sha256:" + "0" * 64)
    job = finish(begun(people.bob, image, bucket=bucket, format="stored"))
    bucket.delete()
    with pytest.raises(NotFound) as error:
        retry_job(job, actor=people.bob)
    assert error.value.code == "bucket-gone"


def test_the_clock_leaves_what_a_waiting_export_holds(people):
    job = begun(people.bob)
    BucketObject.objects.update(noted_at="2000-01-01T00:00:00Z")
    sweep_objects()
    assert finish(job).state == "done"


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("format", "where"), [("qcow2", ""), ("stored", "write")])
@pytest.mark.usefixtures("on_each_engine")
def test_an_export_survives_every_death_of_its_worker(people, format, where):
    image, bucket = bootable_image(people.bob), bucket_of(people.bob)
    disk = image.disks.get()

    def start():
        return begun(people.bob, image, bucket=bucket, format=format, key=f"{uuid4()}.qcow2")

    def check(job):
        assert [each.what for each in differences()] == []
        assert work_files() == []
        there = BucketObject.objects.filter(key=job.args["key"])
        assert [each.state for each in there] == (["stored"] if job.state == "done" else [])
        assert engine_for(image.region_id).verify(disk.ref, disk.checksum, work=TestWork())

    kill_at_every_step(ExportImage, start, check, where=where, undo=not where)


# page ----------------------------------------------------------------------------------------------------


def page_of(image):
    return reverse("images:export", args=[image.pk])


def typed(bucket, **fields):
    return {"format": "vmdk", "name": "disk one", "bucket": bucket.pk, "folder": "/out/put/", **fields}


@pytest.mark.slow(reason="a wizard of several pages leads to an export")
def test_the_page_asks_then_confirms_then_begins(people):
    image, bucket = bootable_image(people.bob, name="网站 v1"), bucket_of(people.bob)
    client = client_of(people.bob)
    first = client.get(page_of(image))
    assert first.context["form"]["name"].value() == "网站-v1"
    last = confirmation(client, page_of(image), typed(bucket, name="网站 v1"))
    asked = client.get(last)
    assert "out/put/网站 v1.vmdk" in asked.content.decode()
    assert not Job.objects.exists()
    assert 'value="网站 v1"' in client.get(asked.context["back_url"]).content.decode()
    assert (
        bare(client.post(last)["Location"]) == bare(client.post(last)["Location"]) == image.get_absolute_url()
    )
    assert bare(client.get(asked.context["back_url"])["Location"]) == image.get_absolute_url()
    finish(Job.objects.get())
    made = BucketObject.objects.get()
    assert made.key == "out/put/网站 v1.vmdk"
    page = client.get(image.get_absolute_url()).content.decode()
    assert made.get_absolute_url() in page
    assert reverse("buckets:download", args=[made.pk]) in page
    made.delete()
    assert "Exported to" not in client.get(image.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " disk"}, "name"),  # IMG.0075
        ({"name": "disk "}, "name"),
        ({"name": "a/b"}, "name"),  # IMG.0074
        ({"name": "x" * 129}, "name"),
        ({"folder": "a//b"}, "folder"),
        ({"folder": "../up"}, "folder"),
        ({"folder": "a" * 1024}, "folder"),
        ({"format": "zvhd"}, "format"),
        ({"format": "iso"}, "format"),
        ({"format": ""}, "format"),
        ({"bucket": ""}, "bucket"),
        ({"bucket": "warm"}, "bucket"),
        ({"bucket": "carol"}, "bucket"),
        ({"name": "there.vmdk", "folder": ""}, "name"),  # IMG.0070
    ],
)
def test_what_is_wrong_is_said_at_its_field(people, fields, field):
    image, bucket = sized(people.bob), bucket_of(people.bob)
    factories.BucketObjectFactory(bucket=bucket, key="there.vmdk")
    others = {"warm": bucket_of(people.bob, storage_class="warm"), "carol": bucket_of(people.carol)}
    if fields.get("bucket") in others:
        fields = {"bucket": others[fields["bucket"]].pk}
    answer = client_of(people.bob).post(page_of(image), {**typed(bucket), **fields})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Job.objects.exists()


def test_the_page_says_why_a_format_is_not_possible_and_what_encryption_means(people):
    key = factories.KeyFactory(project=people.bob.project)
    image = sized(people.bob, key=key)
    bucket_of(people.bob)
    page = client_of(people.bob).get(page_of(image)).content.decode()
    for format in ("zvhd", "stored"):
        assert str(can_export_as(facts(image, people.bob), format).reason) in page
    assert "The exported file is not" in page


def test_without_a_bucket_the_page_leads_to_one(people):
    page = client_of(people.bob).get(page_of(sized(people.bob))).content.decode()
    assert f"{reverse('leave-form')}?what=bucket" in page


def test_the_page_of_an_image_that_has_no_disk_yet_says_what_it_waits_for(people):
    image, bucket = factories.ImageFactory(project=people.bob.project, status="saving"), bucket_of(people.bob)
    page = client_of(people.bob).post(page_of(image), typed(bucket, format="raw", action="refresh"))
    assert (page.status_code, page.context["verdict"].code) == (200, "not-active")


def test_strangers_find_nothing_and_readers_may_not(people):
    image, bucket = sized(people.bob), bucket_of(people.bob)
    assert client_of(people.carol).get(page_of(image)).status_code == 404
    assert client_of(people.carol).post(page_of(image), typed(bucket)).status_code == 404
    assert client_of(people.dave).post(page_of(image), typed(bucket)).status_code == 409
    assert not Job.objects.exists()


# several -------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="several images are exported from the list")
def test_several_images_go_to_one_folder_and_some_stay_with_the_reason(people):
    first, second = bootable_image(people.bob, name="first"), bootable_image(people.bob, name="the second")
    iso, bucket, client = (
        sized(people.bob, type="iso", name="cd"),
        bucket_of(people.bob),
        client_of(people.bob),
    )
    pick = ",".join(str(each.pk) for each in (first, second, iso))
    bar = client.post("/images/selection/", {"pick": pick, "state": "tab=private"}).content.decode()
    assert reverse("images:export-several") in bar
    asked = client.post(reverse("images:export-several"), {"pick": pick, "state": "tab=private"})
    assert [image.name for image in asked.context["partition"].allowed] == ["the second", "first"]
    assert "ISO images cannot be exported" in asked.content.decode()
    sent = {"pick": pick, "confirm": "1", "format": "raw", "bucket": bucket.pk, "folder": "all"}
    answer = client.post(reverse("images:export-several"), {**sent, "state": "tab=private"}, follow=True)
    assert "cd is not exported" in answer.content.decode()
    for job in Job.objects.all():
        assert finish(job).state == "done"
    assert sorted(BucketObject.objects.values_list("key", flat=True)) == [
        "all/first.raw",
        "all/the-second.raw",
    ]
    again = client.post(reverse("images:export-several"), {**sent, "state": "tab=private"}, follow=True)
    assert "has an object" in again.content.decode()


def test_the_summary_of_several_follows_format_and_bucket(people):
    images = [sized(people.bob, name=name) for name in ("first", "second")]
    people.bob.project.quotas = {"bucket_bytes": 1024**2}
    people.bob.project.save()
    sent = {"pick": ",".join(str(each.pk) for each in images), "state": "tab=private", "action": "refresh"}
    filled = {**sent, "format": "raw", "bucket": bucket_of(people.bob).pk}
    headers = {**HTMX, "HX-Target": "summary"}
    answer = client_of(people.bob).post(reverse("images:export-several"), filled, headers=headers)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.count("<section") == 1
    assert Format.RAW.label in text
    assert "reached" in text
    page = client_of(people.bob).post(reverse("images:export-several"), filled)
    assert page.status_code == 200
    assert "reached" in page.content.decode()
    assert not Job.objects.exists()


@pytest.mark.parametrize("wrong", [{"folder": "a//b"}, {"format": "zvhd"}, {"bucket": ""}])
def test_what_is_wrong_for_all_is_said_once(people, wrong):
    image, bucket = sized(people.bob), bucket_of(people.bob)
    sent = {
        "pick": image.pk,
        "state": "tab=private",
        "confirm": "1",
        "format": "raw",
        "bucket": bucket.pk,
        "folder": "",
        **wrong,
    }
    answer = client_of(people.bob).post(reverse("images:export-several"), sent)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, list(wrong))
    assert not Job.objects.exists()


def test_nobody_exports_what_is_not_selected_or_not_theirs(people):
    image, bucket = sized(people.bob), bucket_of(people.carol)
    sent = {
        "pick": image.pk,
        "state": "tab=private",
        "confirm": "1",
        "format": "raw",
        "bucket": bucket.pk,
        "folder": "",
    }
    assert client_of(people.carol).post(reverse("images:export-several"), sent).status_code == 302
    assert client_of(people.carol).get(reverse("images:export-several")).status_code == 302
    assert not Job.objects.exists()


def test_limits_are_settings():
    assert (settings.IMS_EXPORT_MAX_GB, settings.IMS_FAST_EXPORT_MAX_GB) == (128, 1024)
