"""`JobKind`: how a room declares a piece of long work.

A subclass names its steps in order. Each step is a method `<step>(run)`, which may return a
JSON-serialisable dict (its result), and optionally `undo_<step>(run)`. Any step may run twice, and
undo may find half of a step's work, all of it, or none. `settle` writes the final state of the
subject in the same transaction that ends the job; `resume` puts the subject back to work on retry;
`sweep` removes what a killed worker left. See imsconsole/docs/jobs.md.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.functional import Promise

if TYPE_CHECKING:
    from django.db.models import Model

    from imsconsole.accounts.models import Project
    from imsconsole.jobs.models import Job
    from imsconsole.jobs.run import Run

QUICK = "quick"
BULK = "bulk"


class JobKind:
    """Base of all kinds. `kind` is `<noun>.<verb>`; `steps` maps each step's name to its title."""

    kind: ClassVar[str]
    title: ClassVar[str | Promise]
    queue: ClassVar[str] = BULK
    steps: ClassVar[Mapping[str, str | Promise]]
    # steps that leave a file (`file` of their result) among those of their host → the last step that needs it
    scrap: ClassVar[Mapping[str, str]] = {}
    can_cancel: ClassVar[bool] = True
    waits: ClassVar[str | Promise] = ""  # what a job in line says; `%(most)s` run

    @classmethod
    def queue_for(cls, args: dict[str, Any]) -> str:
        """The queue of a piece of work with these arguments, when some of them are known to be short."""
        return cls.queue

    @classmethod
    def most_at_once(cls) -> int:
        """How many of its kind run at once in an account; the others wait in line, without a worker. 0: any."""
        return 0

    @classmethod
    def target_of(cls, subject: "Model") -> "Project | None":
        """The project that what it makes is for, when it is not that of who starts it."""
        return None

    def do(self, step: str, run: "Run") -> dict[str, Any]:
        """Run one step; its result."""
        return getattr(self, step)(run) or {}

    def undo(self, step: str, run: "Run") -> bool:
        """Undo one step, finished or half done. False when the step has nothing to undo."""
        undo = getattr(self, f"undo_{step}", None)
        if undo is not None:
            undo(run)
        return undo is not None

    def sweep(self, run: "Run") -> None:
        """Remove what earlier attempts left unfinished; temporary names begin with `run.prefix`."""

    def settle(self, job: "Job", state: str) -> None:
        """Write the subject's final state; inside the transaction that ends the job. No engine calls."""

    def is_final(self, job: "Job") -> bool:
        """Whether a failed job ended for what it worked on, so that a retry would end alike."""
        return False

    def resume(self, job: "Job") -> None:
        """Bring the subject back to its state before the job; inside the transaction of a retry."""

    @classmethod
    def path(cls) -> str:
        """Where the worker finds this class."""
        return f"{cls.__module__}.{cls.__qualname__}"
