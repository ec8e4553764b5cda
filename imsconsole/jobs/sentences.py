"""What is said about jobs."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "job-failed": _("“%(job)s” of %(name)s failed: %(why)s"),
    "job-finished": _("“%(job)s” of %(name)s is done."),
    "worker-killed": _(
        "The work was interrupted %(times)s times and was given up. Please try again; if it happens again, "
        "ask the operator to look at the worker's log."
    ),
    "cancelled": _("It was cancelled."),
    "subject-busy": _("Other work on %(name)s is still running. Please wait until it has finished."),
}
