"""What the operator decides about a version before a byte is moved. With bytes: test_review."""

import pytest

from imsconsole.accounts.actor import Operator
from imsconsole.audit.models import Event
from imsconsole.cloud.models import BytesUse
from imsconsole.core.errors import Conflict, NotFound
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.notifications.models import Message
from market.review.services import approve_version, delete_edition, reject_version
from tests import factories

pytestmark = pytest.mark.django_db


def test_what_the_operator_decides_is_written_down_and_its_bytes_are_held(people, operator):
    version, other = factories.ListingVersionFactory.create_batch(
        2, listing__project=people.bob.project, state="in-review"
    )
    with pytest.raises(Refused, match="reason-needed"):
        reject_version(other, reason=" ", actor=Operator(operator))
    reject_version(other, reason="No terms.", actor=Operator(operator))
    other.refresh_from_db()
    assert (other.state, other.reason, other.decided_by) == ("rejected", "No terms.", operator)
    assert (bool(other.decided_at), Event.objects.get().sentence) == (True, "No terms.")
    for who, code in ((operator, "not-in-review"), (people.alice.user, "operators-only")):
        with pytest.raises(Refused, match=code):
            reject_version(other, reason="x", actor=Operator(who))
    told = Message.objects.get(code="listing-rejected", user=people.bob.user)
    assert told.values["reason"] == "No terms."
    disk = factories.ImageDiskFactory(image=version.image)
    approve_version(version, actor=Operator(operator))
    assert BytesUse.objects.get(job__kind="listing.publish").stored == disk.stored


def test_a_market_image_is_deleted_once_and_not_while_a_server_is_made_of_it(people):
    edition = factories.EditionFactory(version_of__listing__project=people.bob.project)
    factories.ServerFactory(project=people.carol.project, status="creating")
    server = factories.ServerFactory(project=people.carol.project, image=edition.image, status="creating")
    with pytest.raises(Conflict, match="subject-busy"):
        delete_edition(edition, actor=people.bob)
    server.status = "running"
    server.save()
    delete_edition(edition, actor=people.bob)
    before = edition.image.updated_at
    edition.image.refresh_from_db()
    assert (edition.image.status, bool(edition.image.deleted_at)) == ("deleted", True)
    assert edition.image.updated_at > before
    assert Job.objects.get().subject_id == edition.image_id
    with pytest.raises(NotFound):
        delete_edition(edition, actor=people.bob)
