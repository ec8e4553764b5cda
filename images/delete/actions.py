"""What may be done with an image in the trash, alone or with others."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from images.delete.rules import PURGE_FACTS, can_purge, can_restore, can_restore_each
from imsconsole.accounts.rules import may_write
from imsconsole.core.actions import Action, Many

TRASH_ACTIONS = (
    Action(_("Restore"), "images:restore", can_restore, "arrow-uturn-left", key="r", spares=("used",), asks=True,
        style="primary", many=Many("images:restore-several", can_restore_each)),
    Action(_("Delete for ever"), "images:purge", can_purge, "trash", key="d", facts=PURGE_FACTS, asks=True,
        many=Many("images:purge-several")),
)  # fmt: skip
TRASH_LIST_ACTIONS = (
    Action(_("Empty trash"), lambda _none: f"{reverse('images:purge-several')}?matching=tab%3Dtrash",
        may_write, "trash"),
)  # fmt: skip
