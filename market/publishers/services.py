"""Apply as a publisher, and decide about it. The publisher's row is locked, and the account's while it has none."""

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.log import explain, service
from imsconsole.accounts.models import Account
from imsconsole.core.contention import one_wins
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.notifications.models import Message
from market.messages import tell_publisher
from market.models import Publisher
from market.publishers.lookup import publisher_of
from market.publishers.rules import (
    can_apply_as_publisher,
    can_approve_publisher,
    can_edit_publisher,
    can_reject_publisher,
    can_suspend_publisher,
    is_free_publisher_name,
    is_reason,
)

State = Publisher.State


@service("applyAsPublisher")
def apply_as_publisher(
    *, name: str, description: str, contact: str, logo: bytes | None = None, actor: Actor
) -> Publisher:
    """Ask to be a publisher, anew after a rejection. `logo` is a PNG from `pictures`; None leaves it. Raises Refused."""
    locked(Account.objects.all(), actor.account.pk)
    publisher = publisher_of(actor)
    can_apply_as_publisher(publisher, actor).require()
    is_free_publisher_name(name, publisher).require()
    publisher = publisher or Publisher(account=actor.account)
    publisher.name, publisher.state, publisher.reason = name, State.APPLIED, ""
    publisher.applied_by, publisher.applied_at = actor.user, now()
    publisher.description, publisher.contact = description, contact
    publisher.logo = publisher.logo if logo is None else logo
    with one_wins(lambda: is_free_publisher_name(name, publisher)):
        publisher.save()
    return publisher


@service("updatePublisher")
def edit_publisher(*, description: str, contact: str, logo: bytes | None = None, actor: Actor) -> Publisher:
    """Change what an approved publisher says of itself. Raises Refused."""
    locked(Account.objects.all(), actor.account.pk)
    publisher = publisher_of(actor)
    can_edit_publisher(publisher, actor).require()
    assert publisher is not None  # noqa: S101  or it was refused
    publisher.description, publisher.contact = description, contact
    publisher.logo = publisher.logo if logo is None else logo
    publisher.save(update_fields=["description", "contact", "logo"])
    return publisher


@service("approvePublisher")
def approve_publisher(publisher: Publisher, *, actor: Operator) -> Publisher:
    """Let it offer images. Raises Refused."""
    publisher = locked(Publisher.objects.all(), publisher.pk)
    can_approve_publisher(publisher, actor).require()
    _decide(publisher, State.APPROVED, "", actor)
    tell_publisher("publisher-approved", publisher, Message.Level.SUCCESS)
    return publisher


@service("rejectPublisher")
def reject_publisher(publisher: Publisher, *, reason: str, actor: Operator) -> Publisher:
    """Turn an application down; the account may apply again. Raises Refused."""
    publisher = locked(Publisher.objects.all(), publisher.pk)
    can_reject_publisher(publisher, actor).require()
    is_reason(reason).require()
    _decide(publisher, State.REJECTED, reason, actor)
    tell_publisher("publisher-rejected", publisher, Message.Level.WARNING, reason=reason)
    return explain(publisher, reason)


@service("suspendPublisher")
def suspend_publisher(publisher: Publisher, *, reason: str, actor: Operator) -> Publisher:
    """From now on it offers nothing new. What it has on the market stays until it is withdrawn. Raises Refused."""
    publisher = locked(Publisher.objects.all(), publisher.pk)
    can_suspend_publisher(publisher, actor).require()
    is_reason(reason).require()
    _decide(publisher, State.SUSPENDED, reason, actor)
    tell_publisher("publisher-suspended", publisher, Message.Level.WARNING, reason=reason)
    return explain(publisher, reason)


def _decide(publisher: Publisher, state: Publisher.State, reason: str, actor: Operator) -> None:
    publisher.state, publisher.reason = state, reason
    publisher.decided_by, publisher.decided_at = actor.user, now()
    publisher.save(update_fields=["state", "reason", "decided_by", "decided_at"])
