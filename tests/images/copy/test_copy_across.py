"""Copying an image to another region: rule, service, job, page."""

import random
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.urls import reverse

from images.copy.jobs_across import CopyImageAcross
from images.copy.rules import COPY_FACTS, can_copy_across
from images.copy.services import copy_image_across
from images.models import Image
from images.verify.store_check import differences
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.services.agencies import revoke_agency
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.stored.clock import remove_unused_bytes
from imsconsole.core.project_urls import bare, in_project
from imsconsole.core.rules import Refused
from imsconsole.engine.conversion import transfers
from imsconsole.engine.types import GIB
from imsconsole.jobs.concurrency import next_in_line
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.run import Run
from imsconsole.jobs.services import cancel_job, retry_job
from imsconsole.notifications.models import Message
from tests import factories
from tests.cloud.servers.machines import REGION, bootable_image
from tests.conftest import client_of
from tests.engine.guests import TestWork
from tests.images.copy.test_copy import purged
from tests.support.faults import Crash, faulty_engine
from tests.support.workers import finish, kill_at_every_step, run_jobs

pytestmark = pytest.mark.django_db
FAR = "cn-east-3"


@pytest.fixture
def target(people):
    """The account's project in another region, which lets that of Alice and Bob place images in it."""
    region = factories.RegionFactory(code=FAR, name="CN East-Shanghai1", name_zh="华东-上海一")
    project = factories.ProjectFactory(account=people.bob.account, region=region, name="far")
    factories.AgencyFactory(project=project, grantee=people.bob.project)
    return project


def facts(image, actor):
    return Image.objects.with_facts(actor, *COPY_FACTS).get(pk=image.pk)


def an_image(actor, **fields):
    image = factories.ImageFactory(project=actor.project, **fields)
    factories.ImageDiskFactory(image=image)
    return image


def job_of(image):
    return Job.objects.get(subject_id=image.pk)


def content(image):
    disk = image.disks.get()
    with engine_for(image.region_id).open(disk.ref) as stream:
        return stream.read()


def assert_clean():
    assert [difference.what for difference in differences()] == []
    assert not engine_for(FAR).inventory().scraps


# rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_only_those_who_may_write_in_the_owning_project_may_copy(people, name, code):
    actor = getattr(people, name)
    assert can_copy_across(facts(an_image(people.bob), actor), actor).code == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"type": "data"}, ""),
        ({"type": "iso"}, "iso-image"),
        ({"status": "frozen"}, "not-active"),
        ({"status": "saving"}, "not-active"),
        ({"status": "queued"}, "not-active"),
        ({"category": "public", "project": None}, "not-released"),
        ({"category": "public", "project": None, "released": True}, ""),
    ],
)
def test_what_is_not_copied_across_regions(people, fields, code):
    """R81."""
    image = factories.ImageFactory(**{"project": people.bob.project, **fields})
    assert can_copy_across(facts(image, people.bob), people.bob).code == code


def test_encrypted_and_large_images_are_not_copied_across_regions(people):
    """R81, R92, C10."""
    key = factories.KeyFactory(project=people.bob.project)
    encrypted, large = an_image(people.bob, key=key), an_image(people.bob)
    large.disks.update(size_bytes=128 * GIB + 1)
    codes = [can_copy_across(facts(image, people.bob), people.bob).code for image in (encrypted, large)]
    assert codes == ["encrypted-across", "copy-too-large"]


def test_a_received_image_is_copied_in_its_region_first(people):
    """§2.15."""
    image = an_image(people.bob)
    factories.ShareFactory(image=image, project=people.carol.project, status="accepted")
    assert can_copy_across(facts(image, people.carol), people.carol).code == "shared-across"


def test_the_target_lies_in_another_region_of_the_account_and_has_given_an_agency(people, target):
    """R81, R82."""
    image = an_image(people.bob)
    without = factories.ProjectFactory(account=people.bob.account, region=target.region)
    here = factories.ProjectFactory(account=people.bob.account)
    foreign = factories.ProjectFactory(region=target.region)
    for project, code in ((without, "no-agency"), (here, "same-region"), (foreign, "no-such-project")):
        with pytest.raises(Refused) as refusal:
            copy_image_across(image, target=project, name="copy", actor=people.bob)
        assert refusal.value.code == code
    assert not Job.objects.exists()


def test_the_name_must_be_free_in_the_target(people, target):
    """R39."""
    image = an_image(people.bob, name="web")
    factories.ImageFactory(project=target, name="taken")
    with pytest.raises(Refused) as refusal:
        copy_image_across(image, target=target, name="taken", actor=people.bob)
    assert refusal.value.code == "image-name-taken"
    with pytest.raises(Refused, match="read-only"):
        copy_image_across(image, target=target, name="web", actor=people.dave)
    assert copy_image_across(image, target=target, name="web", actor=people.bob)


# service and job ---------------------------------------------------------------------------------------


def test_the_copy_belongs_to_the_target_and_its_bytes_are_those_of_the_source(people, target):
    """R24, R83; both sides are told."""
    source = bootable_image(people.bob, name="web", min_ram_mb=64)
    source.tags.create(key="team", value="web")
    copy = copy_image_across(source, target=target, name="web", actor=people.bob)
    stored = source.disks.get().size_bytes
    assert used_by(target)["store_bytes"] == stored  # reserved there
    assert used_by(people.bob.project)["store_bytes"] == stored  # only the source
    job = finish(job_of(copy))
    assert job.state == "done", job.error_sentence
    copy.refresh_from_db()
    assert (copy.status, copy.region_id, copy.project, copy.min_ram_mb) == ("active", FAR, target, 64)
    assert (copy.parent, copy.source_kind, copy.tag_values) == (source, "image", {"team": "web"})
    assert content(copy) == content(source)
    assert copy.disks.get().checksum == source.disks.get().checksum
    assert (used_by(target)["images"], used_by(target)["store_bytes"]) == (1, stored)
    assert engine_for(REGION).inventory().stored == {source.disks.get().ref}
    told = Message.objects.filter(code="image-arrived", subject_id=copy.pk)
    assert set(told.values_list("user__username", flat=True)) == {"alice", "bob"}
    assert Event.objects.filter(action="copyImageAcross", resource_id=str(copy.pk)).exists()
    assert_clean()


@pytest.mark.slow(reason="an image is copied to another region twice over")
def test_a_worker_that_dies_is_followed_by_one_that_goes_on_where_it_was(people, target, monkeypatch):
    """At random places: every byte is read once from the source, and the checksum is the same."""
    monkeypatch.setattr("imsconsole.engine.conversion.transfers.PIECE_BYTES", 64 * 1024)
    source = bootable_image(people.bob)
    total = source.disks.get().size_bytes
    read = counted_reads(monkeypatch)
    for number in range(4):
        read.clear()
        copy = copy_image_across(source, target=target, name=f"copy-{number}", actor=people.bob)
        dies_at = random.Random(number).randrange(64 * 1024, total)
        with dying(read, dies_at), pytest.raises(Crash):
            finish(job_of(copy))
        assert 0 < sum(read) < total
        job = ended_later(copy)
        assert job.state == "done", job.error_sentence
        assert sum(read) == total
        assert content(copy) == content(source)
    assert_clean()


def ended_later(copy):
    Job.objects.filter(subject_id=copy.pk).update(lease_until="2000-01-01T00:00Z")
    return finish(job_of(copy))


def counted_reads(monkeypatch):
    """How many bytes each piece that is read from the other region has."""
    read, pieces = [], transfers._pieces

    def counting(source, offset):
        for piece in pieces(source, offset):
            read.append(len(piece))
            yield piece

    monkeypatch.setattr(transfers, "_pieces", counting)
    return read


@contextmanager
def dying(read, at):
    """The worker is gone once that many bytes have come."""
    usual = Run.report

    def report(run, done, total):
        usual(run, done, total)
        if run.job.step == "transfer" and sum(read) >= at and done < total:
            raise Crash

    with patch.object(Run, "report", report):
        yield


def test_a_flipped_byte_at_the_source_fails_with_a_sentence_and_leaves_nothing(people, target):
    source = bootable_image(people.bob)
    path = engine_for(REGION)._store.stored(source.disks.get().ref)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)
    job = finish(job_of(copy))
    assert (job.state, job.error_code) == ("failed", "transfer-differs")
    assert "SHA-256" in job.error_sentence
    assert not engine_for(FAR).inventory().stored
    assert used_by(target)["store_bytes"] == 0
    assert_clean()


def test_an_agency_that_is_revoked_while_the_bytes_travel_ends_the_copy(people, target):
    """R82: asked once more before the copy is registered."""
    source = bootable_image(people.bob)
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)
    owner = Actor(people.alice.user, target, "administrator")
    with faulty_engine(
        "transfer:1", region=FAR, before=lambda: revoke_agency(target.agencies.get(), actor=owner)
    ):
        job = finish(job_of(copy))
    copy.refresh_from_db()
    assert (job.state, job.error_code, copy.status) == ("failed", "no-agency", "killed")
    assert "agency" in job.error_sentence
    assert_clean()


def test_a_source_that_is_deleted_while_it_travels_arrives(people, target):
    source = bootable_image(people.bob)
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)

    def gone():
        purged(source, people.bob)
        finish(Job.objects.get(kind="image.delete"))

    with faulty_engine("transfer:1", region=FAR, before=gone):
        assert finish(job_of(copy)).state == "done"
    remove_unused_bytes()
    assert not engine_for(REGION).inventory().stored
    assert_clean()


def test_the_quotas_of_the_target_are_hard(people, target):
    """Also on retry."""
    source = bootable_image(people.bob)
    target.quotas = {"images": 2, "store_bytes": source.disks.get().size_bytes + 1}
    target.save()
    first = copy_image_across(source, target=target, name="first", actor=people.bob)
    with pytest.raises(Refused) as refusal:
        copy_image_across(source, target=target, name="second", actor=people.bob)
    assert refusal.value.code == "quota-store-bytes"
    with faulty_engine("transfer:1", region=FAR, error=Crash()), pytest.raises(Crash):
        finish(job_of(first))
    job = cancel_job(job_of(first), actor=people.bob)
    assert ended_later(first).state == "cancelled"
    assert used_by(target)["store_bytes"] == 0
    assert not engine_for(FAR).inventory().stored
    assert job.target == target
    assert_clean()


def test_a_cancelled_copy_that_has_brought_half_of_it_leaves_nothing(people, target, monkeypatch):
    monkeypatch.setattr("imsconsole.engine.conversion.transfers.PIECE_BYTES", 64 * 1024)
    source = bootable_image(people.bob)
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)
    read = counted_reads(monkeypatch)
    with dying(read, 200_000), pytest.raises(Crash):
        finish(job_of(copy))
    assert engine_for(FAR).inventory().scraps
    cancel_job(job_of(copy), actor=people.bob)
    assert ended_later(copy).state == "cancelled"
    assert_clean()


def test_a_failed_copy_can_be_retried(people, target):
    source = bootable_image(people.bob)
    copy = copy_image_across(source, target=target, name="copy", actor=people.bob)
    with faulty_engine("transfer:1", region=FAR, full=True):
        assert finish(job_of(copy)).error_code == "no-space"
    assert_clean()
    retry_job(job_of(copy), actor=people.bob)
    assert finish(job_of(copy)).state == "done"
    assert_clean()


# in line -----------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="six copies to another region are begun")
def test_the_sixth_waits_in_line_and_says_so_until_one_has_ended(people, target):
    """R81: it holds no worker, and comes next."""
    source = bootable_image(people.bob)
    copies = [
        copy_image_across(source, target=target, name=f"copy-{number}", actor=people.bob)
        for number in range(7)
    ]
    jobs = [job_of(copy) for copy in copies]
    Job.objects.filter(pk__in=[job.pk for job in jobs[:5]]).update(
        state="running", lease_until="2100-01-01T00:00Z"
    )
    for job in jobs[5:]:
        assert finish(job).state == "queued"
        assert job.attempt == 0
        page = client_of(people.bob).get(job.get_absolute_url()).content.decode()
        assert "It waits in line: 5 copies" in page
    Job.objects.filter(pk=jobs[0].pk).update(state="done")
    assert next_in_line(str(jobs[0].pk)) == jobs[5]
    assert finish(jobs[6]).state == "queued"  # the one before it comes first
    assert finish(jobs[5]).state == "done"
    page = client_of(people.bob).get(jobs[6].get_absolute_url()).content.decode()
    assert "It waits in line" not in page


def test_other_accounts_have_a_line_of_their_own(people, target, settings):
    settings.IMS_COPIES_AT_ONCE = 1
    source = bootable_image(people.bob)
    first = job_of(copy_image_across(source, target=target, name="first", actor=people.bob))
    Job.objects.filter(pk=first.pk).update(state="running", lease_until="2100-01-01T00:00Z")
    far = factories.ProjectFactory(account=people.carol.account, region=target.region)
    factories.AgencyFactory(project=far, grantee=people.carol.project)
    theirs = copy_image_across(bootable_image(people.carol), target=far, name="theirs", actor=people.carol)
    assert finish(job_of(theirs)).state == "done"


# page --------------------------------------------------------------------------------------------------


def url(name, *args):
    return reverse(f"images:{name}", args=args)


@pytest.mark.slow(reason="a wizard leads to a copy in another region")
def test_the_wizard_leads_to_a_copy_that_is_seen_after_the_region_was_switched(people, target):
    source = bootable_image(people.bob, name="web", description="about it")
    client = client_of(people.bob)
    at = client.post(url("copy", source.pk), {"kind": "across"})["Location"]
    page = client.get(at).content.decode()
    assert f'value="{target.pk}"' in page
    typed = {
        "target-target": str(target.pk),
        "target-name-0": "web",
        "target-description": "about it",
    }
    answer = client.post(at, typed)
    page = client.get(answer["Location"]).content.decode()
    assert target.name in page
    answer = client.post(answer["Location"], {})
    copy = Image.objects.get(project=target)
    assert bare(answer["Location"]) == job_of(copy).get_absolute_url()
    page = client.get(answer["Location"]).content.decode()
    there = in_project(target.pk, copy.get_absolute_url())
    assert f'href="{there}"' in page
    run_jobs()
    assert client.get(copy.get_absolute_url()).status_code == 404
    there = client.get(there)
    assert (there.status_code, "web" in there.content.decode()) == (200, True)


@pytest.mark.slow(reason="several images are copied to another region")
def test_names_that_are_taken_there_are_changed_when_that_is_wished(people, target):
    images = [bootable_image(people.bob, name=f"image-{number}") for number in range(2)]
    factories.ImageFactory(project=target, name="image-0")
    client = client_of(people.bob)
    picked = {"pick": ",".join(str(image.pk) for image in images), "state": "tab=private", "kind": "across"}
    at = client.post(url("copy-several"), picked)["Location"]
    typed = {
        "target-target": str(target.pk),
        "target-name-0": "image-0",
        "target-name-1": "image-1",
    }
    answer = client.post(at, typed)
    assert (answer.status_code, "“image-0-2” is free" in answer.content.decode()) == (422, True)
    answer = client.post(at, {**typed, "target-renames": "on"})
    client.post(answer["Location"], {})
    names = set(Image.objects.filter(project=target, parent__in=images).values_list("name", flat=True))
    assert len(names) == 2
    assert names & {"image-0-2", "image-1-2"}
    run_jobs()
    assert set(Image.objects.filter(project=target).values_list("status", flat=True)) == {"active"}


def test_a_target_without_an_agency_is_shown_with_what_to_do(people, target):
    target.agencies.all().delete()
    client = client_of(people.bob)
    image = an_image(people.bob)
    at = client.post(url("copy", image.pk), {"kind": "across"})["Location"]
    page = client.get(at).content.decode()
    assert "has to create an agency" in page
    typed = {"target-target": str(target.pk), "target-name-0": "x"}
    assert client.post(at, typed).status_code == 422


# deaths ------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a worker is killed or stopped at every point of the job")
@pytest.mark.django_db(transaction=True)
def test_a_copy_across_regions_survives_every_death_of_its_worker(people, target):
    source = bootable_image(people.bob)
    count = iter(range(1000))

    def start():
        copy_image_across(source, target=target, name=f"copy-{next(count)}", actor=people.bob)
        return Job.objects.live().get()

    def check(job):
        copy = Image.objects.get(pk=job.subject_id)
        assert copy.status == ("active" if job.state == "done" else "killed")
        for disk in copy.disks.all():
            assert engine_for(FAR).verify(disk.ref, disk.checksum, work=TestWork())
        assert copy.disks.count() == (1 if job.state == "done" else 0)
        assert_clean()

    where = "do:(take|transfer):(hold:[23]|report|finished)|do:register:fenced|undo:.*:hold:[123]$"
    points = kill_at_every_step(CopyImageAcross, start, check, where=where)
    assert {point.split(":")[1] for point in points} >= set(CopyImageAcross.steps)
