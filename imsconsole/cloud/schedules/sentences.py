"""What is said about schedules."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "schedule-waits": _(
        "The backup schedule %(name)s waits: there is no room for another backup in the vault %(vault)s. %(why)s It goes on by "
        "itself once there is room."
    ),
    "schedule-failed": _("The backup schedule %(name)s could not back up %(servers)s. %(why)s"),
    "schedule-works": _("The backup schedule %(name)s works again."),
}
