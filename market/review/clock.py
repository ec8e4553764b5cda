"""What the clock does about images of versions that are over."""

from datetime import timedelta

from imsconsole.core.periodic import Periodic
from market.review.editions import delete_old_editions

PERIODIC = (Periodic("market.delete_old_editions", timedelta(minutes=10), delete_old_editions),)
