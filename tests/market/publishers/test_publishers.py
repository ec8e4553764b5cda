"""Publishers: an account applies, the operator decides; rule, service, page (§2.16)."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image as Picture

from imsconsole.accounts.actor import Operator
from imsconsole.audit.models import Event
from imsconsole.core import now as clock
from imsconsole.core.rules import Refused
from imsconsole.notifications.models import Message
from market.models import Publisher
from market.publishers.rules import can_apply_as_publisher, can_edit_publisher, is_publisher
from market.publishers.services import (
    apply_as_publisher,
    approve_publisher,
    edit_publisher,
    reject_publisher,
    suspend_publisher,
)
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
URL = "/market/publisher/"
TYPED = {"name": "Acme software", "description": "We pack servers.", "contact": "shop@acme.test"}


def picture(size=(900, 300), format="PNG"):
    out = BytesIO()
    Picture.new("RGB", size, "teal").save(out, format)
    return SimpleUploadedFile("logo.png", out.getvalue())


# rule ------------------------------------------------------------------------------------------------


def test_an_administrator_applies_once_and_again_after_a_rejection(people):
    for who, code in (("alice", ""), ("bob", "administrators-only"), ("dave", "administrators-only")):
        assert can_apply_as_publisher(None, getattr(people, who)).code == code
    for state, code in (("applied", ""), ("rejected", ""), ("approved", "publisher-already")):
        assert can_apply_as_publisher(Publisher(state=state), people.alice).code == code
    assert can_apply_as_publisher(Publisher(state="suspended"), people.alice).code == "suspended"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("approved", ""),
        ("applied", "no-publisher"),
        ("rejected", "no-publisher"),
        ("suspended", "suspended"),
    ],
)
def test_only_an_approved_publisher_offers_and_edits(people, state, code):
    assert is_publisher(Publisher(state=state)).code == code
    assert can_edit_publisher(Publisher(state=state), people.alice).code == code
    assert can_edit_publisher(Publisher(state=state), people.bob).code == "administrators-only"


# service ---------------------------------------------------------------------------------------------


def test_an_account_applies_is_rejected_applies_again_and_is_approved(people, operator):
    actor = Operator(operator)
    publisher = apply_as_publisher(**TYPED, actor=people.alice)
    assert (publisher.state, publisher.account) == ("applied", people.alice.account)
    assert publisher.applied_by == people.alice.user
    assert (publisher.description, publisher.contact) == (TYPED["description"], TYPED["contact"])
    assert apply_as_publisher(**TYPED, actor=people.alice) == publisher, "it keeps its name"

    reject_publisher(publisher, reason="Who are you?", actor=actor)
    assert Message.objects.get(user=people.alice.user).sentence == (
        "The operator has rejected the application of the publisher Acme software. You may apply again. The reason: "
        "Who are you?"
    )
    clock.move(timedelta(days=1))
    again = apply_as_publisher(**TYPED | {"name": "Acme"}, actor=people.alice)
    assert again.applied_at > publisher.applied_at
    assert (again.pk, again.state, again.name, again.reason) == (publisher.pk, "applied", "Acme", "")

    approved = approve_publisher(again, actor=actor)
    approved.refresh_from_db()
    assert (approved.state, approved.decided_by) == ("approved", operator)
    assert approved.decided_at > again.applied_at
    assert (
        Message.objects.get(code="publisher-approved").sentence
        == "The operator has approved the publisher Acme. You may offer images now."
    )
    with pytest.raises(Refused):
        apply_as_publisher(**TYPED, actor=people.alice)
    edit_publisher(description="", contact="old@acme.test", logo=b"PNG", actor=people.alice)
    edit_publisher(description="New words", contact="new@acme.test", actor=people.alice)
    suspend_publisher(approved, reason="Malware", actor=actor)
    approved.refresh_from_db()
    assert (approved.state, approved.description, approved.name) == ("suspended", "New words", "Acme")
    assert (approved.contact, bytes(approved.logo)) == ("new@acme.test", b"PNG")
    assert (
        Message.objects.get(code="publisher-suspended").sentence
        == "The operator has suspended the publisher Acme: Malware"
    )
    assert set(Event.objects.values_list("action", flat=True)) == {
        "applyAsPublisher", "rejectPublisher", "approvePublisher", "updatePublisher", "suspendPublisher",
    }  # fmt: skip


def test_nobody_but_an_operator_decides_and_never_without_a_reason(people, operator):
    publisher = factories.PublisherFactory(account=people.alice.account, state="applied")
    with pytest.raises(Refused) as refusal:
        approve_publisher(publisher, actor=Operator(people.alice.user))
    assert refusal.value.code == "operators-only"
    with pytest.raises(Refused, match="not-approved"):
        suspend_publisher(publisher, reason="Malware", actor=Operator(operator))
    with pytest.raises(Refused, match="reason-needed"):
        reject_publisher(publisher, reason=" ", actor=Operator(operator))
    approve_publisher(publisher, actor=Operator(operator))
    with pytest.raises(Refused, match="reason-needed"):
        suspend_publisher(publisher, reason=" ", actor=Operator(operator))


def test_two_publishers_never_have_the_same_name(people):
    apply_as_publisher(**TYPED, actor=people.alice)
    with pytest.raises(Refused) as refusal:
        apply_as_publisher(**TYPED | {"name": "ACME software"}, actor=people.carol)
    assert refusal.value.code == "publisher-name"
    apply_as_publisher(**TYPED | {"name": "Globex software"}, actor=people.carol)


# page ------------------------------------------------------------------------------------------------


def test_the_application_is_sent_with_a_logo_of_ours(people):
    answer = client_of(people.alice).post(URL, TYPED | {"logo": picture()})
    assert answer.status_code == 302
    publisher = Publisher.objects.get()
    made = Picture.open(BytesIO(bytes(publisher.logo)))
    assert (made.format, made.size) == ("PNG", (256, 85))
    page = client_of(people.bob).get(URL).content.decode()
    assert "Acme software" in page
    assert "Only administrators of the account" in page


def test_what_is_wrong_with_it_is_said_beside_it(people):
    factories.PublisherFactory(name="Acme software")
    broken = SimpleUploadedFile("logo.png", b"no picture")
    answer = client_of(people.alice).post(URL, TYPED | {"contact": "nowhere", "logo": broken})
    assert answer.status_code == 422
    page = answer.content.decode()
    for words in ("Another publisher has this name", "valid email", "no picture that can be read"):
        assert words in page
    assert Publisher.objects.count() == 1


def test_who_may_not_apply_is_refused(people):
    for who in ("bob", "dave"):
        assert client_of(getattr(people, who)).post(URL, TYPED).status_code == 409
    assert not Publisher.objects.exists()
    assert reverse("market:own-publisher") == URL
