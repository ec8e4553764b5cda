"""May the terms of a version be accepted for a project?"""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_administer
from imsconsole.core.rules import ALLOWED, Verdict, refuse
from market.models import Acceptance, ListingVersion


def can_accept_terms(version: ListingVersion, actor: Actor) -> Verdict:
    """Administrators buy for their account (design §4), once for each project and version that was on the market."""
    if not (verdict := may_administer(actor)):
        return verdict
    if version.published_at is None:
        return refuse("never-published", _("This version was never on the market, so nobody can use it."))
    if Acceptance.objects.filter(version_of=version, project=actor.project).exists():
        return refuse("terms-accepted", _("These terms have been accepted for this project already."))
    return ALLOWED
