"""What `check_store` finds, and what it leaves alone."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from imsconsole.jobs.models import Job


@dataclass(frozen=True)
class StoreDifference:
    """Something that does not agree. `repair` puts it right; None when only a person can."""

    what: str
    repair: Callable[[], object] | None


class Busy:
    """What live jobs hold, and what was held at an earlier look: what was listed in between may be either's."""

    def __init__(self) -> None:
        self._jobs: set[str] = set()
        self._kinds: set[str] = set()
        self.subjects: set[UUID] = set()
        self.look()

    def look(self) -> None:
        live = Job.objects.live().values_list("pk", "kind", "subject_id", "args")
        for pk, kind, subject, args in live:
            self._jobs.add(pk.hex)
            self._kinds.add(kind)
            self.subjects |= {subject, *(UUID(each) for each in args.get("holds", ()))}

    def made(self, token: str) -> bool:
        """Whether a token, or a name that carries one, is a live job's."""
        return any(job in token for job in self._jobs)

    def runs(self, kind: str) -> bool:
        return kind in self._kinds
