"""What may be done with a message."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.actions import Action, always

MESSAGE_ACTIONS = (
    Action(_("Go to it"), "messages:open", always, is_shown=lambda message: bool(message.link), method="post",
        style="primary"),
    Action(_("Mark as read"), "messages:read", always, is_shown=lambda message: message.read_at is None,
        method="post", style="primary"),
)  # fmt: skip
