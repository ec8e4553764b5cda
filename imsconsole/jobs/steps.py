"""A job's steps as its page shows them."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from imsconsole.jobs.models import Job

LABELS = {
    "done": _("Done"),
    "working": _("Now"),
    "waiting": _("Waiting"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled here"),
    "undone": _("Undone"),
    "stopped": _("Not begun"),
}


@dataclass(frozen=True)
class StepLine:
    """A step: its title, and how far it is as a key of `LABELS` and of a status dot."""

    title: str
    status: str

    @property
    def label(self) -> str:
        return str(LABELS[self.status])


def step_lines(job: Job) -> list[StepLine]:
    """Every step of a job, in order; none when its kind is gone."""
    try:
        steps = job.job_kind.steps
    except ImportError:
        return []
    names = list(steps)
    reached = names.index(job.step) if job.step in names else -1
    return [
        StepLine(str(steps[name]), _status(job, name, number, reached)) for number, name in enumerate(names)
    ]


def _status(job: Job, name: str, number: int, reached: int) -> str:
    if name in job.results:
        return "done"
    if job.outcome and number <= reached:
        return job.outcome if number == reached else "undone"
    if number == reached and job.state == Job.State.RUNNING:
        return "working"
    return "waiting" if job.is_live and not job.outcome else "stopped"
