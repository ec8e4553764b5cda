"""May a share end, and when? (ims-facts §2.14)"""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from images.product.rules import is_to_stay
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.now import now
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from sharing.models import Share
from sharing.rules import is_living

LONGEST_NOTICE = timedelta(days=365)


def can_stop_sharing(share: Share, actor: Actor) -> Verdict:
    """The owner may stop at any time, whatever the receiver answered (R18)."""
    return may_write(actor) and _gives(share, actor)


def can_give_notice(share: Share, actor: Actor) -> Verdict:
    """A day can be named to a receiver that has accepted; the others have nothing to lose."""
    if not (verdict := can_stop_sharing(share, actor)):
        return verdict
    if share.status != Share.Status.ACCEPTED:
        return refuse(
            "not-accepted",
            _("This project has not accepted the image, so it needs no notice. Stop sharing now."),
        )
    return ALLOWED


def can_withdraw_notice(share: Share, actor: Actor) -> Verdict:
    """As long as the day has not come, and the image is not going to be deleted then."""
    if not (verdict := can_stop_sharing(share, actor)):
        return verdict
    if share.ends_at is None:
        return refuse("no-notice", _("No day was named on which this share ends."))
    return is_to_stay(share.image)


def is_day_of_notice(day: datetime) -> Verdict:
    """Between now and a year from now."""
    if now() < day <= now() + LONGEST_NOTICE:
        return ALLOWED
    return refuse("notice-day", _("Choose a time in the future, at most a year from now."))


def _gives(share: Share, actor: Actor) -> Verdict:
    if share.owner_id != actor.project.pk:
        return refuse("not-owner", _("Only the owner of an image decides with whom it is shared."))
    return is_living(share)
