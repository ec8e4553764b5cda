"""A listing is withdrawn while its next version is being published, and that is retried: it is never on the market again."""

from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace

import pytest

from images.models import Image
from images.verify.store_check import differences
from imsconsole.accounts.actor import Operator
from imsconsole.accounts.models import User
from imsconsole.core.errors import Conflict, Unavailable
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import cancel_job, retry_job
from market.listings.services import create_version, submit_version, withdraw_listing
from market.models import Listing, ListingVersion
from market.review.services import approve_version
from tests import factories
from tests.cloud.servers.machines import bootable_image
from tests.market.selling import on_the_market, words
from tests.support.at_once import DONE, at_once
from tests.support.faults import Crash, end, faulty_engine
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db
FAR = "cn-east-3"
Publishing = Callable[[], tuple[Listing, Job]]


@pytest.fixture
def publishing(people: SimpleNamespace, operator: User) -> Publishing:
    """A listing on the market, and the job that publishes its next version, in another region as well."""
    far = factories.RegionFactory(code=FAR, name="CN East-Shanghai1")

    def publishing() -> tuple[Listing, Job]:
        listing, image = on_the_market(people.bob, operator), bootable_image(people.bob)
        new = words(image, version="2.0", regions=[image.region, far])
        version = create_version(listing, new, actor=people.bob)
        submit_version(version, actor=people.bob)
        run_jobs()
        approve_version(version, actor=Operator(operator))
        return listing, Job.objects.live().get()

    return publishing


def withdraw(listing: Listing, people: SimpleNamespace) -> None:
    withdraw_listing(Listing.objects.get(pk=listing.pk), reason="Old", actor=people.bob)


def assert_gone(listing: Listing, people: SimpleNamespace) -> None:
    assert set(listing.versions.values_list("state", flat=True)) <= {"withdrawn", "replaced"}
    assert not Listing.objects.visible_to(people.carol).exists()
    new = listing.versions.get(version="2.0")
    assert not new.editions.exists()
    assert not Image.objects.filter(category="market", parent=new.image_id).exists()
    assert [difference.what for difference in differences()] == []


@pytest.mark.slow(reason="a version is published by jobs")
def test_what_failed_is_not_retried_after_the_withdrawal(
    publishing: Publishing, people: SimpleNamespace
) -> None:
    listing, job = publishing()
    with faulty_engine("transfer:1", region=FAR, error=Unavailable()):
        end(job)
    assert job.state == "failed"
    withdraw(listing, people)
    with pytest.raises(Conflict):
        retry_job(job, actor=people.bob)
    run_jobs()
    assert_gone(listing, people)


@pytest.mark.slow(reason="a version is published by jobs")
def test_whose_worker_was_killed_is_cancelled_first(publishing: Publishing, people: SimpleNamespace) -> None:
    listing, job = publishing()
    with faulty_engine("transfer:1", region=FAR, error=Crash(), late=True), suppress(Crash):
        finish(job)
    with pytest.raises(Refused) as refused:
        withdraw(listing, people)
    assert refused.value.code == "listing-busy"
    cancel_job(job, actor=people.bob)
    end(job)
    assert job.state == "cancelled"
    withdraw(listing, people)
    assert_gone(listing, people)


@pytest.mark.slow(reason="a version is published by jobs")
def test_what_ends_after_the_withdrawal_publishes_nothing(
    publishing: Publishing, people: SimpleNamespace
) -> None:
    """Nothing lets it come to that; but the job does not rely on others."""
    listing, job = publishing()
    with faulty_engine("transfer:1", region=FAR, error=Crash(), late=True), suppress(Crash):
        finish(job)
    ListingVersion.objects.filter(version="2.0").update(state="in-review")
    withdraw(listing, people)
    end(job)
    assert (job.state, job.error_code) == ("failed", "conflict")
    assert_gone(listing, people)


@pytest.mark.slow(reason="each pair meets several times")
@pytest.mark.django_db(transaction=True)
def test_of_a_retry_and_a_withdrawal_at_once_one_wins(
    publishing: Publishing, people: SimpleNamespace
) -> None:
    for _ in range(3):
        listing, job = publishing()
        with faulty_engine("transfer:1", region=FAR, error=Unavailable()):
            end(job)
        retried, withdrawn = at_once(
            lambda job=job: retry_job(job, actor=people.bob),
            lambda listing=listing: withdraw(listing, people),
        )
        assert (retried, withdrawn) in ((DONE, "listing-busy"), ("conflict", DONE))
        run_jobs()
        if retried == DONE:
            assert Listing.objects.get(pk=listing.pk).published.version == "2.0"
            withdraw(listing, people)
        else:
            assert_gone(listing, people)
