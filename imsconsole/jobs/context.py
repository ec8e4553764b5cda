"""What every page's frame says of the workers."""

from django.db.models import Exists

from imsconsole.accounts.context import Frame
from imsconsole.jobs.periodic import clocks_seen

FRAME: Frame = {
    "is_worker_alive": lambda _user, _project: Exists(clocks_seen()),
}
