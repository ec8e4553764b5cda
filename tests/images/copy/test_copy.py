"""Copying an image in its region: rule, service, job, page."""

import pytest
from django.urls import reverse

from images.copy.jobs import CopyImage
from images.copy.rules import COPY_FACTS, Copy, can_copy, can_order_copy, fits_key, new_bytes
from images.copy.services import copy_image
from images.copy.views import CopyOrder
from images.delete.services import delete_image, purge_image
from images.models import Image, ImageDisk
from images.verify.store_check import differences
from imsconsole.accounts.models import Draft
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.keys.material import engine_key
from imsconsole.cloud.keys.services import disable_key, enable_key
from imsconsole.cloud.models import StoredBytes
from imsconsole.cloud.stored.clock import remove_unused_bytes
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB, FileSink
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import retry_job
from tests import factories
from tests.cloud.servers.machines import REGION, WORD, bootable_image, tiny_flavor
from tests.conftest import client_of
from tests.engine.guests import TestWork
from tests.support.faults import Crash, faulty_engine
from tests.support.plaintext import holders_of, secrets_of
from tests.support.unable import unable_engine
from tests.support.workers import finish, kill_at_every_step, run_jobs

FEATURES = {"boot_mode": "uefi", "secure_boot": True, "tpm": True}
pytestmark = pytest.mark.django_db


def facts(image, actor):
    return Image.objects.with_facts(actor, *COPY_FACTS).get(pk=image.pk)


def an_image(actor, **fields):
    image = factories.ImageFactory(project=actor.project, **fields)
    factories.ImageDiskFactory(image=image)
    return image


def purged(image, actor):
    return purge_image(delete_image(facts(image, actor), actor=actor), actor=actor)


def assert_only_stored(copy):
    """What the copy has is all there is, once the clock has run."""
    remove_unused_bytes()
    stored = StoredBytes.objects.get()
    assert copy.disks.get().stored == stored
    assert engine_for(REGION).inventory().stored == {stored.ref}
    assert_clean()


def assert_clean():
    assert [difference.what for difference in differences()] == []


# rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_only_those_who_may_write_in_the_owning_project_may_copy(people, name, code):
    actor = getattr(people, name)
    assert can_copy(facts(an_image(people.bob), actor), actor).code == code


@pytest.mark.parametrize("status", ["queued", "saving", "killed", "frozen"])
def test_only_normal_images_are_copied(people, status):
    """R80, R81: neither in creation nor frozen."""
    assert can_copy(facts(an_image(people.bob, status=status), people.bob), people.bob).code == "not-active"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "data"}, ""),
        ({"type": "iso"}, "iso-image"),  # R66, R80
        ({"type": "full"}, "full-image"),  # R80
        ({"category": "public", "project": None}, "not-released"),  # R70
        ({"category": "public", "project": None, "released": True}, ""),
        ({"category": "public", "project": None, "released": True, "hidden": True}, "image-hidden"),
        ({"category": "public", "project": None, "released": True, "type": "full"}, "full-image"),
        ({"category": "market", "project": None}, "market-image"),
        ({"category": "market", "project": None, "released": True}, "market-image"),
    ],
)
def test_what_kinds_of_images_are_copied(people, fields, code):
    image = factories.ImageFactory(**{"project": people.bob.project, **fields})
    assert can_copy(facts(image, people.bob), people.bob).code == code


def test_an_image_above_the_limit_is_not_copied(people, settings):
    """R80, C10."""
    image = an_image(people.bob)
    image.disks.update(size_bytes=128 * GIB)
    assert can_copy(facts(image, people.bob), people.bob)
    image.disks.update(size_bytes=128 * GIB + 1)
    verdict = can_copy(facts(image, people.bob), people.bob)
    assert (verdict.code, "128 GB" in str(verdict.reason)) == ("copy-too-large", True)
    settings.IMS_COPY_MAX_GB = 129
    assert can_copy(facts(image, people.bob), people.bob)


# service and job ---------------------------------------------------------------------------------------


def test_a_copy_has_an_id_of_its_own_the_same_bytes_and_what_its_source_was(people):
    """R24, R83."""
    source = bootable_image(
        people.bob, min_ram_mb=256, nic_multi_queue=True, description="of the source", **FEATURES
    )
    source.default_flavor, source.default_user_data = tiny_flavor(), "#!"
    source.save()
    source.tags.create(key="team", value="web")
    copy = copy_image(source, name="copy", description="mine", actor=people.bob)
    assert (copy.pk != source.pk, copy.status) == (True, "queued")
    job = finish(Job.objects.get(kind="image.copy"))
    assert job.state == "done", job.error_sentence
    copy.refresh_from_db()
    assert (copy.status, copy.name, copy.description) == ("active", "copy", "mine")
    assert (copy.min_ram_mb, copy.nic_multi_queue, copy.tag_values) == (256, True, {"team": "web"})
    assert (copy.default_flavor, copy.default_user_data) == (source.default_flavor, "#!")
    assert {name: getattr(copy, name) for name in FEATURES} == FEATURES
    assert (copy.parent, copy.source_kind, copy.source_id) == (source, "image", source.pk)
    made, original = copy.disks.get(), source.disks.get()
    assert (made.checksum, made.source_checksum) == (original.checksum, original.checksum)
    assert made.stored == original.stored
    assert engine_for(REGION).verify(made.ref, made.checksum, work=TestWork())
    assert Event.objects.get(action="copyImage").resource_id == str(copy.pk)
    assert_clean()


@pytest.mark.slow(reason="images are copied, deleted and read")
def test_neither_source_nor_copy_needs_the_other(people):
    """R83: deleting one of them leaves the other."""
    source = bootable_image(people.bob)
    first, second = (copy_image(source, name=name, actor=people.bob) for name in ("first", "second"))
    run_jobs()
    purged(source, people.bob)
    purged(first, people.bob)
    run_jobs()
    second.refresh_from_db()
    disk = second.disks.get()
    assert engine_for(REGION).verify(disk.ref, disk.checksum, work=TestWork())
    assert_clean()


@pytest.mark.slow(reason="an image is copied several times")
def test_links_to_the_same_bytes_count_once_in_the_quota(people):
    source = bootable_image(people.bob)
    stored = source.disks.get().size_bytes
    project = people.bob.project
    project.quotas = {"store_bytes": stored, "images": 3}
    project.save()
    copy_image(source, name="first", actor=people.bob)
    copy_image(source, name="second", actor=people.bob)
    run_jobs()
    assert set(Image.objects.values_list("status", flat=True)) == {"active"}
    used = used_by(project)
    assert (used["images"], used["store_bytes"]) == (3, stored)
    purged(source, people.bob)
    run_jobs()
    assert used_by(project)["store_bytes"] == stored  # they still need them
    copy_image(Image.objects.get(name="first"), name="third", actor=people.bob)
    with pytest.raises(Refused) as refusal:
        copy_image(Image.objects.get(name="first"), name="fourth", actor=people.bob)
    assert refusal.value.code == "quota-images"


def test_a_copy_in_the_project_that_has_the_bytes_takes_none_of_its_storage(people):
    source, _theirs = an_image(people.bob), an_image(people.carol)
    assert new_bytes([source], people.bob.project) == 0
    assert new_bytes([source], people.carol.project) == source.disks.get().size_bytes


def test_a_copy_that_is_encrypted_or_decrypted_takes_all_its_bytes_of_the_quota(people):
    one, other = (factories.KeyFactory(project=people.bob.project) for _ in range(2))
    plain, sealed = (facts(an_image(people.bob, key=key), people.bob) for key in (None, one))
    people.bob.project.quotas = {"store_bytes": 2 * plain.size_bytes}
    people.bob.project.save(update_fields=["quotas"])
    orders = [
        Copy(plain, "copy"),
        Copy(plain, "copy", one),
        Copy(sealed, "copy", other),
        Copy(sealed, "copy"),
    ]
    codes = [can_order_copy(order, people.bob).code for order in orders]
    assert codes == ["", *["quota-store-bytes"] * 3]


def test_the_name_of_a_copy_must_be_free(people):
    """R39."""
    source = an_image(people.bob, name="web")
    with pytest.raises(Refused) as refusal:
        copy_image(source, name="web", actor=people.bob)
    assert refusal.value.code == "image-name-taken"
    assert not Job.objects.exists()


def test_a_source_that_is_deleted_before_its_copy_begins_is_copied(people):
    """The bytes are the job's to read since it was ordered."""
    source = bootable_image(people.bob)
    copy = copy_image(source, name="copy", actor=people.bob)
    purged(source, people.bob)
    assert finish(Job.objects.get(kind="image.delete")).state == "done"
    assert finish(Job.objects.get(kind="image.copy")).state == "done"
    assert_only_stored(copy)


def test_a_copy_that_is_retried_when_its_source_is_gone_is_told(people):
    source = bootable_image(people.bob)
    copy = copy_image(source, name="copy", actor=people.bob)
    StoredBytes.objects.update(doomed_at=now())
    finish(Job.objects.get(kind="image.copy"))
    StoredBytes.objects.update(doomed_at=None)
    purged(source, people.bob)
    finish(Job.objects.get(kind="image.delete"))
    retry_job(Job.objects.get(kind="image.copy"), actor=people.bob)
    job = finish(Job.objects.get(kind="image.copy"))
    copy.refresh_from_db()
    assert (job.state, job.error_code, copy.status) == ("failed", "copied-image-gone", "killed")
    assert source.name in copy.error_sentence
    assert not StoredBytes.objects.exists()
    assert_clean()


# encryption --------------------------------------------------------------------------------------------


def bytes_of(image):
    with engine_for(REGION).open(image.disks.get().ref) as stream:
        return stream.read()


def raw_of(image, folder):
    """The content of an image's disk, as a guest sees it."""
    disk, sink = image.disks.get(), FileSink(folder / "content.raw")
    key = engine_key(image.key, image.project_id) if image.key else None
    engine_for(REGION).export(disk.ref, sink, format="raw", work=TestWork(), key=key)
    return sink.path.read_bytes()


def copied(image, actor, **wanted):
    copy = copy_image(image, actor=actor, **wanted)
    job = finish(Job.objects.get(subject_id=copy.pk))
    assert job.state == "done", job.error_sentence
    return facts(copy, actor)


@pytest.mark.slow(reason="QEMU takes seconds to measure how it derives keys")
@pytest.mark.bytes
def test_copies_are_encrypted_get_another_key_and_are_decrypted(people, tmp_path):
    """R24, R89: the same content each time, in plain only where no key was wanted."""
    source = bootable_image(people.bob)
    marker = WORD.encode()
    first, second = (factories.KeyFactory(project=people.bob.project) for _ in range(2))
    one = copied(source, people.bob, name="one", key=first)
    two = copied(one, people.bob, name="two", key=second)
    back = copied(two, people.bob, name="back")
    assert [marker in raw_of(image, tmp_path) for image in (one, two, back)] == [True] * 3
    assert raw_of(two, tmp_path) == raw_of(source, tmp_path)
    assert (one.key, two.key, back.key) == (first, second, None)
    stores = [bytes_of(image) for image in (source, one, two, back)]
    assert [marker in each for each in stores] == [True, False, False, True]
    assert len({disk.stored_id for disk in ImageDisk.objects.all()}) == 4
    assert_clean()


@pytest.mark.parametrize(
    ("state", "code"),
    [("disabled", "key-not-enabled"), ("deleted", "key-gone"), ("foreign", "key-not-granted")],
)
def test_both_keys_must_be_usable(people, state, code):
    """R47, R90: the one of the source to copy at all, the other to be chosen."""
    if state == "foreign":
        key = factories.KeyFactory()
    elif state == "deleted":
        key = factories.KeyFactory(project=people.bob.project, state=state, wrapped=None)
    else:
        key = factories.KeyFactory(project=people.bob.project, state=state)
    image = an_image(people.bob, key=key)
    assert can_copy(facts(image, people.bob), people.bob).code == code
    plain = an_image(people.bob)
    with pytest.raises(Refused) as refusal:
        copy_image(plain, name="copy", key=key, actor=people.bob)
    assert refusal.value.code == code


def test_the_new_key_is_another_one_and_bare_metal_images_have_none(people):
    """R89 (IMG.0096), IMG.0118."""
    key = factories.KeyFactory(project=people.bob.project)
    encrypted, bare = an_image(people.bob, key=key), an_image(people.bob, use="bms")
    assert fits_key(encrypted, None, people.bob)
    with unable_engine(people.bob.region):
        codes = [fits_key(image, None, people.bob).code for image in (encrypted, bare)]
    assert codes == ["no-encryption", ""], "what is not encrypted needs nothing"
    assert [fits_key(image, key, people.bob).code for image in (encrypted, bare)] == [
        "same-key",
        "bms-not-encrypted",
    ]


@pytest.mark.slow(reason="QEMU takes seconds to measure how it derives keys")
def test_a_copy_whose_key_was_disabled_is_tried_again_and_reads_to_the_end_what_is_deleted(people):
    """While it waits it ends with the reason; once it reads the job holds the bytes itself."""
    source, key = bootable_image(people.bob), factories.KeyFactory(project=people.bob.project, name="mine")
    copy = copy_image(source, name="copy", key=key, actor=people.bob)
    disable_key(key, actor=people.bob)
    job = finish(Job.objects.get(subject_id=copy.pk))
    assert (job.state, job.error_code, "mine" in job.error_sentence) == ("failed", "key-not-enabled", True)
    assert_clean()

    def gone():
        purged(source, people.bob)
        finish(Job.objects.get(kind="image.delete"))

    enable_key(key, actor=people.bob)
    retry_job(job, actor=people.bob)
    with faulty_engine("copy:1", before=gone):
        job = finish(Job.objects.get(pk=job.pk))
    assert job.state == "done", job.error_sentence
    copy.refresh_from_db()
    assert copy.status == "active"
    assert_only_stored(copy)


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("on_each_engine", "is_encrypted", "where"),
    [
        ("local", False, ""),
        ("slow", False, ""),
        # the other encrypts nothing; while the bytes are written
        pytest.param("local", True, "do:store:report", marks=pytest.mark.bytes),
    ],
    indirect=["on_each_engine"],
)
@pytest.mark.usefixtures("on_each_engine")
def test_a_copy_survives_every_death_of_its_worker(people, is_encrypted, where):
    source = bootable_image(people.bob)
    plain = engine_for(REGION)._store.stored(source.disks.get().ref)
    key = factories.KeyFactory(project=people.bob.project) if is_encrypted else None
    count = iter(range(1000))

    def start():
        copy_image(source, name=f"copy-{next(count)}", key=key, actor=people.bob)
        return Job.objects.live().get()

    def check(job):
        copy = Image.objects.get(pk=job.subject_id)
        assert copy.status == ("active" if job.state == "done" else "killed")
        assert copy.disks.count() == (1 if job.state == "done" else 0)
        for disk in copy.disks.all():
            assert engine_for(REGION).verify(disk.ref, disk.checksum, work=TestWork())
        assert_clean()
        if key:
            assert holders_of(WORD.encode(), *secrets_of(key)) == [plain], "only the source is in plain"

    points = kill_at_every_step(CopyImage, start, check, where=where, undo=not where)
    assert {"store", "register"} <= {point.split(":")[1] for point in points if ":" in point}


# page --------------------------------------------------------------------------------------------------

CONFIRM = {}


def url(name, *args):
    return reverse(f"images:{name}", args=args)


def begun(client, image, **typed):
    """Step 1 passed: the address of step 2."""
    answer = client.post(url("copy", image.pk), {"kind": "here", **typed})
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def target(**typed):
    return {f"target-{name}": value for name, value in typed.items()}


def confirmed(client, at):
    return client.post(at.replace("/target/", "/confirm/"), CONFIRM)


@pytest.mark.slow(reason="a wizard of several pages leads to a copy")
def test_the_wizard_leads_to_a_copy(people):
    source = bootable_image(people.bob, name="web", description="about it")
    client = client_of(people.bob)
    page = client.get(url("copy", source.pk))
    assert b"In this region" in page.content
    at = begun(client, source)
    page = client.get(at).content.decode()
    assert f'value="copy_{REGION}_web"' in page
    assert "about it" in page
    answer = client.post(at, target(**{"name-0": "web two", "description": "other", "key": ""}))
    page = client.get(answer["Location"]).content.decode()
    assert "web two" in page
    assert not Image.objects.filter(name="web two").exists()  # nothing yet
    answer = confirmed(client, at)
    copy = Image.objects.get(name="web two")
    assert bare(answer["Location"]) == copy.get_absolute_url()
    run_jobs()
    copy.refresh_from_db()
    assert (copy.status, copy.description) == ("active", "other")
    page = client.get(f"{source.get_absolute_url()}?section=lineage").content.decode()
    assert copy.get_absolute_url() in page
    page = client.get(f"{copy.get_absolute_url()}?section=lineage").content.decode()
    assert source.get_absolute_url() in page


def test_a_released_public_image_is_copied_under_a_name_that_an_image_can_have(people):
    """R70, §2.12: the bytes are shared with the platform's, and count for the project."""
    public = bootable_image(people.bob, category="public", project=None, name="Debian 12 · 2026-11-29")
    client = client_of(people.bob)
    assert client.post(url("copy", public.pk), {"kind": "here"}).status_code == 409
    Image.objects.filter(pk=public.pk).update(released=True)
    at = begun(client, public)
    page = client.get(at).content.decode()
    assert "Copy Debian 12 · 2026-11-29" in client.get(url("copy", public.pk)).content.decode()
    name = f"copy_{REGION}_Debian 12-2026-11-29"
    assert f'value="{name}"' in page
    assert client.post(at, target(**{"name-0": name, "key": ""})).status_code == 302
    confirmed(client, at)
    run_jobs()
    copy = Image.objects.get(name=name)
    assert (copy.status, copy.category, copy.project, copy.parent) == (
        "active",
        "private",
        people.bob.project,
        public,
    )
    assert (copy.released, copy.protected) == (False, False)
    assert used_by(people.bob.project)["store_bytes"] == public.disks.get().size_bytes
    assert_clean()


def test_a_name_that_is_taken_is_said_with_one_that_is_free(people):
    source = an_image(people.bob, name="web")
    client = client_of(people.bob)
    answer = client.post(begun(client, source), target(**{"name-0": "web", "key": ""}))
    assert answer.status_code == 422
    assert "“web-2” is free" in answer.content.decode()


@pytest.mark.slow(reason="several images are copied from the list")
def test_several_are_copied_and_those_that_cannot_be_are_named(people):
    images = [bootable_image(people.bob, name=f"image-{number}") for number in (1, 2)]
    iso = an_image(people.bob, name="installer", type="iso")
    client = client_of(people.bob)
    picked = {"pick": ",".join(str(image.pk) for image in (*images, iso)), "state": "tab=private"}
    page = " ".join(client.post(url("selection"), picked).content.decode().split())
    assert 'Copy <span class="count">2 of 3</span>' in page
    page = " ".join(client.post(url("copy-several"), picked).content.decode().split())
    assert "2 of 3 can be copied" in page
    assert "installer" in page
    at = client.post(url("copy-several"), {**picked, "kind": "here"})["Location"]
    names = {"name-0": "image-1", "name-1": "same", "key": ""}
    assert client.post(at, target(**names)).status_code == 422
    assert client.post(at, target(**names, renames="on")).status_code == 302
    assert bare(confirmed(client, at)["Location"]) == f"{url('list')}?tab=private"
    assert set(Image.objects.filter(parent__in=images).values_list("name", flat=True)) == {
        "image-1-2",
        "same",
    }


@pytest.mark.slow(reason="several images are copied from the list")
def test_one_that_is_refused_by_now_does_not_keep_the_others_back(people):
    images = [bootable_image(people.bob, name=f"image-{number}") for number in (1, 2)]
    client = client_of(people.bob)
    picked = {"pick": ",".join(str(image.pk) for image in images), "state": "tab=private", "kind": "here"}
    at = client.post(url("copy-several"), picked)["Location"]
    client.post(at, target(**{"name-0": "first", "name-1": "second", "key": ""}))
    factories.ImageFactory(project=people.bob.project, name="later")
    people.bob.project.quotas = {"images": 4}
    people.bob.project.save()
    answer = client.post(at.replace("/target/", "/confirm/"), CONFIRM, follow=True)
    assert Image.objects.filter(parent__in=images).get().name in ("first", "second")
    assert "The quota of the project" in answer.content.decode()


def test_an_order_that_is_cut_short_goes_on_and_copies_nothing_twice(people, monkeypatch):
    images = [bootable_image(people.bob, name=f"image-{number}") for number in (1, 2)]
    client = client_of(people.bob)
    picked = {"pick": ",".join(str(image.pk) for image in images), "state": "tab=private", "kind": "here"}
    at = client.post(url("copy-several"), picked)["Location"]
    client.post(at, target(**{"name-0": "first", "name-1": "second", "key": ""}))
    with monkeypatch.context() as patch:
        patch.setattr(CopyOrder, "copy", cut_short_at("second", CopyOrder.copy))
        with pytest.raises(Crash):
            confirmed(client, at)
    assert [copy.name for copy in Image.objects.filter(parent__in=images)] == ["first"]
    assert bare(confirmed(client, at)["Location"]) == f"{url('list')}?tab=private"
    copies = Image.objects.filter(parent__in=images).order_by("name")
    assert [copy.name for copy in copies] == ["first", "second"]
    assert bare(confirmed(client, at)["Location"]) == f"{url('list')}?tab=private"
    assert copies.count() == 2


def cut_short_at(name, copy):
    def copy_until(order, image, wanted, given):
        if wanted == name:
            raise Crash
        return copy(order, image, wanted, given)

    return copy_until


def test_a_draft_that_was_begun_before_goes_on(people):
    """The row as the wizards before these have kept it."""
    source = bootable_image(people.bob)
    kept = {"target-name-0": ["copy of before"], "target-description": [""], "target-key": [""]}
    data = {"images": [str(source.pk)], "kind": "here", "back": "/images/", "steps": {"target": kept}}
    draft = Draft.objects.create(
        wizard="images.copy", user=people.bob.user, project=people.bob.project, data=data
    )
    client, at = client_of(people.bob), f"/images/copy/{draft.pk}/target/"
    assert "copy of before" in client.get(at).content.decode()
    assert (
        bare(confirmed(client, at)["Location"]) == Image.objects.get(name="copy of before").get_absolute_url()
    )


def test_a_wizard_that_is_used_up_leads_to_the_copy(people):
    source = bootable_image(people.bob)
    client = client_of(people.bob)
    at = begun(client, source)
    client.post(at, target(**{"name-0": "copy", "key": ""}))
    made = confirmed(client, at)["Location"]
    assert bare(made) == Image.objects.get(name="copy").get_absolute_url()
    assert confirmed(client, at)["Location"] == made  # sent twice
    assert client.get(at)["Location"] == made  # the back button
    assert Image.objects.filter(parent=source).count() == 1


def test_an_image_that_went_while_one_filled_in_the_form_is_told(people):
    source = bootable_image(people.bob)
    client = client_of(people.bob)
    at = begun(client, source)
    delete_image(facts(source, people.bob), actor=people.bob)
    answer = client.get(at, follow=True)
    assert answer.status_code in (200, 404)
    assert client.post(at, target(**{"name-0": "x", "key": ""})).status_code == 302
    assert not Image.objects.filter(name="x").exists()


@pytest.mark.parametrize(("name", "status"), [("alice", 302), ("bob", 302), ("dave", 409), ("carol", 404)])
def test_who_gets_through_the_first_step(people, name, status):
    image = an_image(people.bob)
    answer = client_of(getattr(people, name)).post(url("copy", image.pk), {"kind": "here"})
    assert answer.status_code == status


def test_a_refused_image_shows_the_reason_on_the_page_and_to_who_sends_the_form_anyway(people):
    image = an_image(people.bob, type="iso")
    client = client_of(people.bob)
    page = client.get(url("copy", image.pk)).content.decode()
    assert "An ISO image cannot be copied." in page
    assert 'type="radio" name="kind" value="here"' in page
    answer = client.post(url("copy", image.pk), {"kind": "here"})
    assert (answer.status_code, answer.ims_error.code) == (409, "iso-image")


@pytest.mark.slow(reason="a wizard is filled in with a key and without")
def test_the_wizard_offers_keys_and_warns_of_a_copy_without(people):
    key, other = (
        factories.KeyFactory(project=people.bob.project, name=name) for name in ("k-own", "k-other")
    )
    image = an_image(people.bob, key=key)
    client = client_of(people.bob)
    at = begun(client, image)
    page = client.get(at).content.decode()
    assert f'value="{other.pk}"' in page
    assert f'value="{key.pk}"' not in page
    page = client.get(client.post(at, target(**{"name-0": "x", "key": ""}))["Location"]).content.decode()
    assert "The copy is not encrypted" in page
    page = client.get(
        client.post(at, target(**{"name-0": "x", "key": str(other.pk)}))["Location"]
    ).content.decode()
    assert "k-other" in page
    confirmed(client, at)
    assert Image.objects.get(name="x").key == other
