"""Scans and publications whose workers die: all of it happens or nothing, and nothing is left over."""

import pytest

from images.verify.store_check import differences
from imsconsole.accounts.actor import Operator
from imsconsole.cloud.engines import engine_for
from imsconsole.jobs.files import work_dir
from imsconsole.jobs.models import Job
from market.listings.jobs import PublishListing, ScanListing
from market.listings.services import submit_version
from market.models import ListingVersion
from market.review.services import approve_version
from tests import factories
from tests.cloud.servers.machines import bootable_image
from tests.engine.guests import TestWork
from tests.market.selling import a_draft, in_review
from tests.support.workers import kill_at_every_step

pytestmark = [
    pytest.mark.slow(reason="workers are killed again and again"),
    pytest.mark.django_db(transaction=True),
]
FAR = "cn-east-3"


def assert_clean():
    assert [difference.what for difference in differences()] == []
    assert list(work_dir().iterdir()) == []


def test_a_scan_survives_every_death_of_its_worker(people):
    def start():
        submit_version(a_draft(people.bob), actor=people.bob)
        return Job.objects.live().get()

    def check(job):
        version = ListingVersion.objects.get(pk=job.subject_id)
        done = job.state == "done"
        assert (version.state, bool(version.checks)) == (("in-review", True) if done else ("draft", False))
        assert_clean()

    kill_at_every_step(ScanListing, start, check, where="do:inspect:(hold:1|report|finished)|undo")


def test_a_publication_survives_every_death_of_its_worker(people, operator):
    far = factories.RegionFactory(code=FAR, name="CN East-Shanghai1")

    def start():
        image = bootable_image(people.bob)
        approve_version(in_review(people.bob, image, regions=[image.region, far]), actor=Operator(operator))
        return Job.objects.live().get()

    def check(job):
        version = ListingVersion.objects.get(pk=job.subject_id)
        done = job.state == "done"
        assert version.state == ("published" if done else "in-review")
        editions = version.editions.select_related("image")
        assert editions.count() == (2 if done else 0)
        for edition in editions:
            disk = edition.image.disks.get()
            assert engine_for(edition.region_id).verify(disk.ref, disk.checksum, work=TestWork())
        assert_clean()
        assert not engine_for(FAR).inventory().scraps

    points = kill_at_every_step(
        PublishListing, start, check, where="do:store:(hold:[23]|report|finished)|end|undo:.*:hold:[12]$"
    )
    assert {point.split(":")[1] for point in points} >= set(PublishListing.steps)
