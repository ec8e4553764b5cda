"""What the clock does about drafts and failed sign-ins."""

from datetime import timedelta

from imsconsole.accounts.sign_in import forget_old
from imsconsole.accounts.wizards import forget_old_drafts
from imsconsole.core.periodic import Periodic

PERIODIC = (
    Periodic("accounts.forget_old_drafts", timedelta(hours=24), forget_old_drafts),
    Periodic("accounts.forget_failed_sign_ins", timedelta(hours=1), forget_old),
)
