"""The errors a job came through before it was retried."""

from dataclasses import dataclass
from datetime import datetime

from imsconsole.core.sentences import sentence
from imsconsole.jobs.models import Job


@dataclass(frozen=True)
class PastError:
    """An error as it is shown: when, in the reader's language, and its code."""

    at: datetime | None
    sentence: str
    code: str


def past_errors(job: Job) -> list[PastError]:
    """What earlier tries failed with, the latest first."""
    return [
        PastError(
            datetime.fromisoformat(error["at"]) if error["at"] else None,
            sentence(error["code"], error["values"]),
            error["code"],
        )
        for error in reversed(job.past_errors)
    ]
