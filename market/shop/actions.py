"""What may be done with an offer of the market."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.actions import Action

OFFER_ACTIONS = (
    Action(_("Deploy"), lambda version: version.deployment.url,
        lambda version, _actor: version.deployment.verdict, "rocket-launch",
        is_shown=lambda version: version.deployment is not None, style="primary"),
)  # fmt: skip
