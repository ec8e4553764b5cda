"""From a draft over scan and review to the market, and off it again: services and jobs (§2.16, R16, R84, R92, R93)."""

from datetime import timedelta

import pytest
from django.utils.formats import date_format
from django.utils.timezone import localtime

from images.delete.rules import can_delete
from images.delete.services import delete_image
from images.models import FACTS, Image
from images.modify.services import modify_image
from images.product.rules import can_share
from images.verify.store_check import differences
from imsconsole.accounts.actor import Operator
from imsconsole.audit.models import Event
from imsconsole.cloud.engines import engine_for
from imsconsole.core.checksums import digits_of
from imsconsole.core.errors import Conflict, NoSpace
from imsconsole.core.now import move, now
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import cancel_job, retry_job
from imsconsole.notifications.models import Message
from market.listings.checks import lines_of
from market.listings.services import (
    create_listing,
    create_version,
    discard_version,
    edit_version,
    recall_version,
    submit_version,
    withdraw_listing,
)
from market.models import Edition, Listing, ListingVersion
from market.publishers.services import approve_publisher, suspend_publisher
from market.review.editions import delete_old_editions
from market.review.services import approve_version, reject_version
from tests import factories
from tests.cloud.servers.machines import REGION, bootable_image
from tests.market.selling import a_draft, in_review, on_the_market, publisher, words
from tests.support.faults import faulty_engine
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db
FAR = "cn-east-3"


@pytest.fixture
def far(people):
    return factories.RegionFactory(code=FAR, name="CN East-Shanghai1", name_zh="华东-上海一")


def read(row):
    return type(row).objects.get(pk=row.pk)


def facts(image, actor):
    return Image.objects.with_facts(actor, *FACTS).get(pk=image.pk)


def code_of(call):
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def damage(image):
    path = engine_for(REGION)._store.stored(image.disks.get().ref)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))


# drafts ----------------------------------------------------------------------------------------------


def test_a_draft_is_made_changed_and_thrown_away(people):
    version = a_draft(people.bob)
    assert (version.state, str(version), str(version.software.get())) == (
        "draft", "Web server 1.0", "nginx 1.26",
    )  # fmt: skip
    edit_version(version, words(version.image, title="Better", software=[]), actor=people.alice)
    assert (read(version).title, version.software.count()) == ("Better", 0)
    discard_version(version, actor=people.bob)
    assert not Listing.objects.exists()
    named = Event.objects.filter(resource_type="listing").values_list("action", "resource_name")
    assert set(named) == {("createListing", "Web server"), ("discardListingVersion", "Better")}


def test_only_those_of_the_project_of_an_approved_publisher_make_one(people):
    image = factories.ImageFactory(project=people.bob.project)
    assert code_of(lambda: create_listing(words(image), actor=people.bob)) == "no-publisher"
    publisher(people.bob)
    assert code_of(lambda: create_listing(words(image), actor=people.dave)) == "read-only"
    version = a_draft(people.bob, image)
    publisher(people.carol)
    for call in (
        lambda: edit_version(version, words(image), actor=people.dave),
        lambda: submit_version(version, actor=people.dave),
        lambda: discard_version(version, actor=people.dave),
    ):
        assert code_of(call) == "read-only"
    assert code_of(lambda: discard_version(version, actor=people.carol)) == "not-seller"


# scan ------------------------------------------------------------------------------------------------


def test_what_is_sent_in_is_scanned_and_waits_for_its_review(people):
    version = a_draft(people.bob)
    submit_version(version, actor=people.bob)
    assert read(version).state == "scanning"
    assert code_of(lambda: edit_version(version, words(version.image), actor=people.bob)) == "version-sent-in"
    image = facts(version.image, people.bob)
    assert (can_share(image, people.bob).code, can_delete(image, people.bob).code) == (
        "offered-image", "offered-image",
    )  # fmt: skip
    run_jobs()
    version = read(version)
    assert version.state == "in-review"
    lines = {line.title: line for line in lines_of(version)}
    assert f"SHA-256 {digits_of(image.disks.get().checksum)}" in lines["Stored bytes"].sentence
    assert "qcow2" in lines["Content"].sentence
    assert (lines["Stored bytes"].passed, lines["Screenshots"].passed) == (True, False)


def test_bytes_that_are_not_what_they_were_send_it_back(people):
    version = a_draft(people.bob)
    damage(version.image)
    submit_version(version, actor=people.bob)
    run_jobs()
    version = read(version)
    assert version.state == "rejected"
    assert "not what they were" in next(line.sentence for line in lines_of(version) if not line.passed)
    assert Message.objects.get(user=people.bob.user, code="listing-scan-failed").sentence == (
        "The scan of Web server 1.0 found something that keeps it from the market. Look at the checklist."
    )
    assert can_share(facts(version.image, people.bob), people.bob)


def test_a_scan_that_fails_or_is_cancelled_leaves_a_draft_and_can_be_tried_again(people):
    version = submit_version(a_draft(people.bob), actor=people.bob)
    job = Job.objects.get(kind="listing.scan")
    with faulty_engine("open:1", error=NoSpace()):
        assert finish(job).error_code == "no-space"
    assert read(version).state == "draft"
    retry_job(job, actor=people.bob)
    assert read(version).state == "scanning"
    cancel_job(Job.objects.get(pk=job.pk), actor=people.bob)
    run_jobs()
    assert read(version).state == "draft"
    factories.ShareFactory(image=version.image, owner=people.bob.project)
    assert code_of(lambda: submit_version(version, actor=people.bob)) == "shared-image"


def test_what_waits_for_its_review_can_be_taken_back(people):
    version = recall_version(in_review(people.bob), actor=people.alice)
    assert read(version).state == "draft"
    assert code_of(lambda: recall_version(version, actor=people.alice)) == "not-in-review"


# review ----------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a listing is scanned, rejected and sent in again")
def test_a_rejection_says_why_and_can_be_answered(people, operator):
    version = in_review(people.bob)
    assert code_of(lambda: reject_version(version, reason="", actor=Operator(operator))) == "reason-needed"
    reject_version(version, reason="The terms are missing.", actor=Operator(operator))
    assert (
        Message.objects.get(code="listing-rejected", user=people.bob.user).sentence
        == "The operator has rejected Web server 1.0: The terms are missing."
    )
    edit_version(version, words(version.image, terms="As you like"), actor=people.bob)
    assert submit_version(version, actor=people.bob).reason == ""


def test_only_the_operator_approves_and_only_what_was_scanned(people, operator):
    version = in_review(people.bob)
    assert code_of(lambda: approve_version(version, actor=Operator(people.alice.user))) == "operators-only"
    version.listing.publisher.state = "suspended"
    version.listing.publisher.save()
    assert code_of(lambda: approve_version(version, actor=Operator(operator))) == "suspended"
    recall_version(version, actor=people.bob)
    assert code_of(lambda: approve_version(version, actor=Operator(operator))) == "not-in-review"


# publishing ------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a listing is scanned, and published in each region")
def test_an_approved_version_is_on_the_market_of_each_region(people, operator, far):
    image = bootable_image(people.bob, min_ram_mb=512)
    listing = on_the_market(people.bob, operator, image, regions=[image.region, far])
    version = listing.published
    assert version is not None
    source = image.disks.get()
    for edition in version.editions.select_related("image"):
        made = edition.image
        assert (made.category, made.project, made.status, made.parent) == ("market", None, "active", image)
        assert (made.name, made.min_ram_mb, made.region) == ("Web server 1.0", 512, edition.region)
        disk = made.disks.get()
        assert (disk.checksum, disk.size_bytes) == (source.checksum, source.size_bytes)
        with engine_for(edition.region_id).open(disk.ref) as stream:
            assert stream.read(4) == b"QFI\xfb"
    near, there = version.editions.get(region=REGION), version.editions.get(region=FAR)
    assert near.image.disks.get().stored == source.stored
    assert Image.objects.visible_to(people.carol).filter(pk=near.image_id).exists()
    assert there.image.region == far
    assert facts(image, people.bob).is_published
    assert [difference.what for difference in differences()] == []


def test_what_is_changed_after_the_scan_is_not_on_the_market(people, operator):
    flavor = factories.FlavorFactory(memory_mb=1024)
    about = {"min_ram_mb": 512, "default_flavor": flavor, "default_user_data": "#!"}
    version = in_review(people.bob, bootable_image(people.bob, **about))
    modify_image(version.image, wanted={"min_ram_mb": 64, "default_flavor": None}, actor=people.bob)
    approve_version(version, actor=Operator(operator))
    run_jobs()
    image = Edition.objects.get().image
    assert (image.min_ram_mb, image.default_flavor) == (512, flavor)
    assert image.default_user_data == "", (
        "what runs on servers of buyers is in the image, which was looked at"
    )


def test_a_default_flavor_that_is_gone_since_the_scan_is_none(people, operator):
    flavor = factories.FlavorFactory(memory_mb=1024)
    version = in_review(people.bob, bootable_image(people.bob, default_flavor=flavor))
    flavor.delete()
    approve_version(version, actor=Operator(operator))
    run_jobs()
    assert Edition.objects.get().image.default_flavor is None


def test_publishing_that_fails_waits_for_the_operator_and_leaves_nothing(people, operator, far):
    image = bootable_image(people.bob)
    version = in_review(people.bob, image, regions=[image.region, far])
    approve_version(version, actor=Operator(operator))
    job = Job.objects.get(kind="listing.publish")
    with faulty_engine("transfer:1", region=FAR, error=NoSpace()):
        assert finish(job).error_code == "no-space"
    assert read(version).state == "in-review"
    assert not Edition.objects.exists()
    assert not engine_for(FAR).inventory().stored
    assert [difference.what for difference in differences()] == []
    suspend_publisher(version.listing.publisher, reason="Complaints", actor=Operator(operator))
    assert code_of(lambda: retry_job(job, actor=people.bob)) == "suspended"
    approve_publisher(version.listing.publisher, actor=Operator(operator))
    retry_job(job, actor=people.bob)
    run_jobs()
    assert read(version).state == "published"


def test_an_old_approval_publishes_nothing_that_was_sent_in_since(people, operator):
    image, far = (
        bootable_image(people.bob),
        factories.RegionFactory(code="cn-east-3", name="CN East-Shanghai1"),
    )
    version = in_review(people.bob, image, regions=[image.region, far])
    approve_version(version, actor=Operator(operator))
    job = Job.objects.get(kind="listing.publish")
    with faulty_engine("transfer:1", region=far.pk, error=NoSpace()):
        finish(job)
    recall_version(version, actor=people.bob)
    edit_version(version, words(version.image, description="Something else"), actor=people.bob)
    submit_version(version, actor=people.bob)
    finish(Job.objects.get(kind="listing.scan", state="queued"))
    assert read(version).state == "in-review"
    assert code_of(lambda: retry_job(job, actor=people.bob)) == "job-superseded"
    assert read(version).state == "in-review"


def test_a_draft_that_got_another_image_meanwhile_is_not_sent_in(people):
    version = a_draft(people.bob)
    edit_version(read(version), words(factories.ImageFactory(project=people.bob.project)), actor=people.alice)
    with pytest.raises(Conflict):
        submit_version(version, actor=people.bob)
    assert read(version).state == "draft"


# new versions, and off the market --------------------------------------------------------------------


@pytest.mark.slow(reason="two versions of a listing are scanned and published")
def test_a_new_version_replaces_the_old_one_and_those_who_have_it_are_told(people, operator):
    listing = on_the_market(people.bob, operator)
    old = listing.published
    factories.ServerFactory(project=people.carol.project, image=old.editions.get().image)
    version = create_version(listing, words(bootable_image(people.bob), version="2.0"), actor=people.bob)
    assert (
        code_of(
            lambda: create_version(
                listing, words(bootable_image(people.bob), version="3.0"), actor=people.bob
            )
        )
        == "version-in-making"
    )
    submit_version(version, actor=people.bob)
    run_jobs()
    approve_version(version, actor=Operator(operator))
    run_jobs()

    assert (read(old).state, read(version).state) == ("replaced", "published")
    told = Message.objects.get(code="listing-new-version")
    assert (told.user, told.sentence) == (
        people.carol.user,
        "The version 2.0 of Web server is on the market. Servers of your project "
        f"{people.carol.project.name} stay as they are; change their OS to have it.",
    )
    assert {message.sentence for message in Message.objects.filter(code="listing-published")} == {
        "Web server 1.0 is on the market.", "Web server 2.0 is on the market.",
    }  # fmt: skip
    seen = Image.objects.visible_to(people.carol).filter(category="market")
    assert set(seen.values_list("name", flat=True)) == {"Web server 1.0", "Web server 2.0"}
    assert can_delete(facts(old.image, people.bob), people.bob)
    assert code_of(lambda: delete_image(version.image, actor=people.bob)) == "offered-image"


def test_a_replaced_version_that_nobody_has_is_deleted_by_the_clock(people, operator):
    listing = on_the_market(people.bob, operator)
    old = listing.published.editions.get()
    ListingVersion.objects.update(state="replaced")
    server = factories.ServerFactory(project=people.carol.project, image=old.image)
    delete_old_editions()
    assert read(old.image).status == "active"
    server.deleted_at = now()
    server.save()
    delete_old_editions()
    run_jobs()
    assert read(old.image).status == "deleted"
    assert [difference.what for difference in differences()] == []


@pytest.mark.parametrize("by", ["seller", "operator"])
def test_a_withdrawn_listing_is_offered_no_more_and_says_until_when_it_can_be_reinstalled(
    people, operator, by
):
    listing = on_the_market(people.bob, operator)
    edition = listing.published.editions.get()
    factories.ServerFactory(project=people.carol.project, image=edition.image)
    assert code_of(lambda: withdraw_listing(listing, reason="x", actor=people.dave)) == "read-only"
    assert code_of(lambda: withdraw_listing(listing, reason="x", actor=people.carol)) == "not-seller"
    withdraw_listing(
        listing, reason="No more support.", actor=people.bob if by == "seller" else Operator(operator)
    )
    listing = read(listing)
    assert (listing.published, listing.versions.get().state) == (None, "withdrawn")
    assert timedelta(days=179) < listing.reinstall_until - now() <= timedelta(days=180)
    told = Message.objects.get(code="listing-withdrawn-notice")
    until = date_format(localtime(listing.reinstall_until), "DATETIME_FORMAT")
    assert (told.user, told.sentence) == (
        people.carol.user,
        f"Web server was withdrawn from the market. Servers of your project {people.carol.project.name} go on "
        f"running, and can be reinstalled with it until {until}. The reason: No more support.",
    )
    of_the_seller = Message.objects.filter(code="listing-withdrawn-by-operator", user=people.bob.user)
    assert [message.sentence for message in of_the_seller] == [
        "The operator has withdrawn Web server 1.0 from the market: No more support."
    ] * (by == "operator")
    assert can_share(facts(listing.versions.get().image, people.bob), people.bob)
    assert code_of(lambda: withdraw_listing(listing, reason="x", actor=people.bob)) == "listing-withdrawn"


@pytest.mark.slow(reason="versions of a listing are published, replaced and deleted")
def test_the_clock_deletes_what_can_be_reinstalled_no_more(people, operator):
    listing = on_the_market(people.bob, operator)
    edition = listing.published.editions.get()
    factories.ServerFactory(project=people.carol.project, image=edition.image)
    withdraw_listing(listing, reason="Old", actor=people.bob)
    delete_old_editions()
    assert read(edition.image).status == "active"
    move(timedelta(days=181))
    delete_old_editions()
    run_jobs()
    assert read(edition.image).status == "deleted"
    assert [difference.what for difference in differences()] == []
