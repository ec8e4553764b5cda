"""What the clock does about drafts."""

from datetime import timedelta

from imsconsole.accounts.wizards import forget_old_drafts
from imsconsole.core.periodic import Periodic

PERIODIC = (Periodic("accounts.forget_old_drafts", timedelta(hours=24), forget_old_drafts),)
