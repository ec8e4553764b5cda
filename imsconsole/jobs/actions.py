"""What may be done with a job."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.actions import Action
from imsconsole.jobs.models import Job
from imsconsole.jobs.rules import can_cancel, can_retry

JOB_ACTIONS = (
    Action(_("Cancel the job"), "jobs:cancel", can_cancel, is_shown=lambda job: job.is_live, method="post"),
    Action(_("Retry from the failed step"), "jobs:retry", can_retry, "arrow-path",
        is_shown=lambda job: job.state == Job.State.FAILED, method="post", style="primary"),
    Action(_("Retry"), "jobs:retry", can_retry, "arrow-path", method="post", where=("notice",)),
)  # fmt: skip
