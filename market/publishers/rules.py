"""May an account be a publisher, and who decides? (§2.16)"""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.rules import may_administer, may_operate
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from market.models import Publisher

State = Publisher.State


def can_apply_as_publisher(publisher: Publisher | None, actor: Actor) -> Verdict:
    """An administrator of the account applies, and may change the application until it is approved."""
    if not (verdict := may_administer(actor)):
        return verdict
    if publisher is None or publisher.state in (State.APPLIED, State.REJECTED):
        return ALLOWED
    if publisher.state == State.SUSPENDED:
        return _suspended()
    return refuse("publisher-already", _("The account is a publisher already. Change its description below."))


def can_edit_publisher(publisher: Publisher | None, actor: Actor) -> Verdict:
    """What an approved publisher says of itself; its name was approved and stays."""
    return may_administer(actor) and is_publisher(publisher)


def is_publisher(publisher: Publisher | None) -> Verdict:
    """Whether the account's publisher may offer something."""
    if publisher is not None and publisher.is_approved:
        return ALLOWED
    if publisher is not None and publisher.state == State.SUSPENDED:
        return _suspended()
    return refuse(
        "no-publisher",
        _(
            "Only approved publishers offer images on the market. An administrator of the account applies under "
            "Publisher, and the operator decides."
        ),
    )


def is_free_publisher_name(name: str, other_than: Publisher | None = None) -> Verdict:
    """Publishers are told apart by their names."""
    named = Publisher.objects.filter(name__iexact=name)
    if (named.exclude(pk=other_than.pk) if other_than else named).exists():
        return refuse("publisher-name", _("Another publisher has this name. Choose a different one."))
    return ALLOWED


def can_approve_publisher(publisher: Publisher, actor: Actor | Operator) -> Verdict:
    """The operator approves what is not approved yet, or any more."""
    if (verdict := may_operate(actor)) and publisher.is_approved:
        return refuse("approved-already", _("%(name)s is approved already."), name=publisher)
    return verdict


def can_reject_publisher(publisher: Publisher, actor: Actor | Operator) -> Verdict:
    """An application is rejected; a publisher that was approved is suspended."""
    if (verdict := may_operate(actor)) and publisher.state != State.APPLIED:
        return refuse("no-application", _("%(name)s has no application to decide about."), name=publisher)
    return verdict


def can_suspend_publisher(publisher: Publisher, actor: Actor | Operator) -> Verdict:
    """Offers nothing new from then on; what is on the market is withdrawn one by one."""
    if (verdict := may_operate(actor)) and not publisher.is_approved:
        return refuse("not-approved", _("%(name)s is not an approved publisher."), name=publisher)
    return verdict


def is_reason(reason: str) -> Verdict:
    """Nobody is turned down without a word."""
    if reason.strip():
        return ALLOWED
    return refuse("reason-needed", _("Say why: it is what the publisher reads."))


def _suspended() -> Verdict:
    return refuse(
        "suspended",
        _("The operator has suspended this publisher. Ask the operator of the platform what to do."),
    )
