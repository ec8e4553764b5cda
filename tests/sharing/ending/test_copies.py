"""Give each receiver its own copy before sharing ends: rule, service, job, page (R86, §2.15)."""

import pytest
from django.urls import reverse

from images.copy.rules import COPY_FACTS
from images.delete.services import delete_image
from images.models import Image
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.models import StoredBytes
from imsconsole.core.errors import NotFound
from imsconsole.core.now import now
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import used_by
from imsconsole.jobs.services import cancel_job, retry_job
from imsconsole.notifications.models import Message
from sharing.ending.copies.jobs import GiveCopy
from sharing.ending.copies.rules import can_give_copies, can_give_copy
from sharing.ending.copies.services import give_copy
from sharing.ending.services import stop_sharing
from sharing.inbox.services import reject_share
from sharing.models import Share
from tests import factories
from tests.cloud.servers.machines import REGION, bootable_image
from tests.conftest import client_of
from tests.engine.guests import TestWork
from tests.support.workers import finish, kill_at_every_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(people):
    image = factories.ImageFactory(project=people.bob.project, name="web", description="of ours")
    factories.ImageDiskFactory(image=image, size_bytes=1000)
    return image


@pytest.fixture
def share(people, image):
    return factories.ShareFactory(image=image, project=people.carol.project, status="accepted")


@pytest.fixture
def whole(people):
    """A share of an image with bytes."""
    source = bootable_image(people.bob, name="web")
    return factories.ShareFactory(image=source, project=people.carol.project, status="accepted")


def asked(share, actor):
    """What the rule says of a share as it is now."""
    row = Share.objects.select_related("project__account", "project__region", "copy").get(pk=share.pk)
    row.image = Image.objects.with_facts(actor, *COPY_FACTS).get(pk=share.image_id)
    return can_give_copy(row, actor)


def job_of(share):
    return Job.objects.get(kind="share.give-copy", subject_id=Share.objects.get(pk=share.pk).copy_id)


def messages():
    return {(message.user.username, message.code) for message in Message.objects.select_related("user")}


# rule ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_its_owner_gives_copies(people, share, name, code):
    assert asked(share, getattr(people, name)).code == code


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_only_who_has_accepted_gets_a_copy(people, share, status):
    Share.objects.update(status=status)
    assert asked(share, people.bob).code == "not-accepted"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"type": "data"}, ""),
        ({"type": "full", "source_kind": "server"}, "full-image"),  # R80
        ({"type": "iso"}, "iso-image"),  # R66
        ({"status": "frozen"}, "not-active"),
    ],
)
def test_what_cannot_be_copied_cannot_be_given(people, share, image, fields, code):
    Image.objects.filter(pk=image.pk).update(**fields)
    assert asked(share, people.bob).code == code


def test_an_image_above_the_limit_is_not_given(people, share, image):  # R80
    image.disks.update(size_bytes=129 * GIB)
    assert asked(share, people.bob).code == "copy-too-large"


def test_of_an_encrypted_image_only_the_receiver_chooses_the_key(people, share, image):  # R46, R47, §2.15
    key = factories.KeyFactory(project=people.bob.project)
    factories.KeyGrantFactory(key=key, grantee=people.carol.project)
    Image.objects.filter(pk=image.pk).update(key=key)
    verdict = asked(share, people.bob)
    assert (verdict.code, "Name a day" in verdict.reason) == ("encrypted-copies", True)
    facts = Image.objects.with_facts(people.bob, *COPY_FACTS).get(pk=image.pk)
    assert can_give_copies(facts, people.bob).code == "encrypted-copies"


@pytest.mark.parametrize("quotas", [{"images": 0}, {"store_bytes": 999}])
def test_a_receiver_without_room_is_not_told_of_in_numbers(people, share, quotas):
    people.carol.project.quotas = quotas
    people.carol.project.save()
    verdict = asked(share, people.bob)
    assert verdict.code == "no-room-there"
    assert not any(letter.isdigit() for letter in str(verdict.reason))


# service and job ---------------------------------------------------------------------------------------


def test_the_receiver_has_a_private_image_of_its_own_and_the_share_is_over(people, whole):
    factories.ImageFactory(project=people.carol.project, name="web")
    before = used_by(people.carol.project)
    Image.objects.filter(pk=whole.image_id).update(description="nginx on Debian")
    give_copy(whole, actor=people.bob)
    assert (
        Image.objects.visible_to(people.carol).filter(pk=whole.image_id).exists()
    )  # until the copy is there
    assert finish(job_of(whole)).state == "done"

    copy = Image.objects.owned_by(people.carol).get(parent=whole.image)
    assert (copy.status, copy.name, copy.description) == ("active", "web-2", "nginx on Debian")
    assert engine_for(REGION).verify(copy.disks.get().ref, copy.disks.get().checksum, work=TestWork())
    used = used_by(people.carol.project)
    assert used["images"] == before["images"] + 1
    assert used["store_bytes"] == before["store_bytes"] + copy.size_bytes
    whole.refresh_from_db()
    assert (whole.ended_at is not None, whole.copy) == (True, copy)
    assert not Image.objects.visible_to(people.carol).filter(pk=whole.image_id).exists()
    assert messages() == {("carol", "copy-given"), ("alice", "copy-given-to"), ("bob", "copy-given-to")}
    assert bare(Message.objects.get(code="copy-given").page) == copy.get_absolute_url()
    assert set(Event.objects.values_list("project", "action", "user_name")) == {
        (people.bob.project.pk, "giveCopy", "bob"),
        (people.bob.project.pk, "deleteMember", ""),
        (people.carol.project.pk, "copyImage", ""),
    }
    assert [difference.what for difference in differences()] == []


def test_work_in_another_project_is_not_the_owner_s_to_see(people, whole):
    give_copy(whole, actor=people.bob)
    assert not Job.objects.visible_to(people.bob).exists()
    assert Job.objects.visible_to(people.carol).get().user is None


def test_a_copy_is_given_once(people, share):
    give_copy(share, actor=people.bob)
    with pytest.raises(Refused) as refusal:
        give_copy(share, actor=people.alice)
    assert refusal.value.code == "copy-under-way"
    assert Image.objects.owned_by(people.carol).count() == 1


def test_a_copy_that_was_not_made_makes_room_for_the_next(people, share):
    failed = give_copy(share, actor=people.bob).copy
    cancel_job(job_of(share), actor=people.carol)
    copy = give_copy(share, actor=people.bob).copy
    failed.refresh_from_db()
    assert (failed.status, copy.status, copy.name) == ("deleted", "queued", failed.name)


def test_the_quota_of_the_receiver_is_reserved(people, share):
    people.carol.project.quotas = {"store_bytes": 1500}
    people.carol.project.save()
    give_copy(share, actor=people.bob)
    other = factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=other, size_bytes=1000)
    second = factories.ShareFactory(image=other, project=people.carol.project, status="accepted")
    assert asked(second, people.bob).code == "no-room-there"


@pytest.mark.parametrize("how", [stop_sharing, reject_share])
def test_what_was_promised_is_kept_when_the_share_ends_meanwhile(people, whole, how):
    give_copy(whole, actor=people.bob)
    how(whole, actor=people.bob if how is stop_sharing else people.carol)
    assert finish(job_of(whole)).state == "done"
    assert Image.objects.owned_by(people.carol).get().status == "active"
    assert Share.objects.get().ended_at
    assert Event.objects.filter(action="deleteMember").count() == 1


@pytest.mark.slow(reason="copies of a shared image fail and are made by a retry")
def test_a_copy_that_fails_leaves_the_share_and_is_tried_again(people, whole):
    give_copy(whole, actor=people.bob)
    StoredBytes.objects.update(doomed_at=now())  # as if its bytes were gone
    job = finish(job_of(whole))
    assert (job.state, job.error_code) == ("failed", "copied-image-gone")
    assert Share.objects.living().get() == whole
    assert ("bob", "copy-not-given") in messages()
    page = client_of(people.bob).get(reverse("sharing:members", args=[whole.image_id])).content.decode()
    assert "Its own copy was not made" in page

    StoredBytes.objects.update(doomed_at=None)
    give_copy(whole, actor=people.bob)
    assert finish(job_of(whole)).state == "done"
    assert Share.objects.get().ended_at
    assert Image.objects.owned_by(people.carol).get().status == "active"


def test_the_receiver_makes_room_and_retries_or_does_not_want_it(people, whole):
    give_copy(whole, actor=people.bob)
    StoredBytes.objects.update(doomed_at=now())
    job = finish(job_of(whole))
    StoredBytes.objects.update(doomed_at=None)
    cancel_job(retry_job(job, actor=people.carol), actor=people.carol)
    assert finish(job).state == "cancelled"
    assert Share.objects.living().exists()


def test_a_share_that_is_over_gets_no_copy(people, share):
    stop_sharing(share, actor=people.bob)
    with pytest.raises(NotFound):
        give_copy(share, actor=people.bob)
    assert not Image.objects.owned_by(people.carol).exists()


def test_nobody_else_gives_copies(people, share):
    with pytest.raises(NotFound):
        give_copy(share, actor=people.carol)
    with pytest.raises(Refused):
        give_copy(share, actor=people.dave)
    delete_image(share.image, from_all=True, actor=people.bob)
    with pytest.raises(NotFound):
        give_copy(share, actor=people.bob)


@pytest.mark.slow(reason="a worker is killed or stopped at the end of the job")
@pytest.mark.django_db(transaction=True)
def test_a_copy_that_is_given_survives_the_death_of_its_worker(people):
    source = bootable_image(people.bob)

    def start():
        share = factories.ShareFactory(image=source, project=people.carol.project, status="accepted")
        give_copy(share, actor=people.bob)
        return job_of(share)

    def check(job):
        copy, share = Image.objects.get(pk=job.subject_id), Share.objects.get(copy=job.subject_id)
        done = job.state == "done"
        assert (copy.status, share.ended_at is not None) == ("active" if done else "killed", done)
        assert Message.objects.filter(code="copy-given").count() == done
        assert [difference.what for difference in differences()] == []
        Share.objects.filter(pk=share.pk).update(ended_at=share.created_at)
        Message.objects.all().delete()
        delete_image(copy, actor=people.carol)

    # its steps are those of `image.copy`, whose workers die elsewhere: here the end is another one
    kill_at_every_step(GiveCopy, start, check, where="settled")


# page ------------------------------------------------------------------------------------------------


def test_each_is_asked_by_itself_and_the_others_stop_at_once(people, share):
    full = factories.ShareFactory(image=share.image, status="accepted")
    full.project.quotas = {"images": 0}
    full.project.save()
    factories.ShareFactory(image=share.image)
    url = reverse("sharing:stop-all", args=[share.image_id])
    page = client_of(people.bob).post(url, {"how": "copies"}, follow=True).content.decode()
    assert "A copy for 1 project is being made" in page
    assert "not shared with 1 project any more" in page
    assert f"Still shared with {full.project_id}: The project has no room" in page
    assert "Its own copy is being made" in page
    assert set(Share.objects.living()) == {share, full}


def test_the_page_says_why_no_copies_are_given(people, share):
    Image.objects.update(type="full", source_kind="server")
    url = reverse("sharing:stop", args=[share.pk])
    client = client_of(people.bob)
    page = client.get(url).content.decode()
    assert "A full-ECS image is copied to another region only" in page
    answer = client.post(url, {"how": "copies"})
    assert (answer.status_code, "A full-ECS image" in answer.content.decode()) == (422, True)
    assert not Image.objects.owned_by(people.carol).exists()
