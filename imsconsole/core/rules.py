"""Rules: a question that is answered yes, or no with the reason.

A rule is a function `can_<verb>(subject, actor) -> Verdict`. Buttons, forms, services, admin and
jobs ask the same one. Order inside a rule: who, state, relations, quota; the first refusal speaks:
`return may_write(actor) and _is_idle(image)`. Where facts of its own follow, what was asked of others stands above
them once: `if not (verdict := may_write(actor) and _is_idle(image)): return verdict`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from imsconsole.core.errors import ImsError


@dataclass(frozen=True)
class Verdict:
    """The answer of a rule. True in a condition when allowed. `values` are those of the code's sentence, if it has one.

    `way` is the address of a page that takes the reason away, `way_label` what a link to it says.
    """

    code: str = ""
    reason: str | Promise = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    way: str = ""
    way_label: str | Promise = ""

    def __bool__(self) -> bool:
        return not self.code

    def require(self) -> None:
        """Raise `Refused` unless allowed."""
        if self.code:
            raise Refused(self)


ALLOWED = Verdict()


def refuse(code: str, reason: str | Promise, *, way: str = "", way_label: str | Promise = "") -> Verdict:
    """A refusal. `reason` is a whole translated sentence: what is not possible, why, what to do."""
    return Verdict(code, reason, way=way, way_label=way_label)


def first_refusal(verdicts: Iterable[Verdict]) -> Verdict:
    """The first verdict that refuses, else ALLOWED: `and` for any number of them."""
    return next((verdict for verdict in verdicts if not verdict), ALLOWED)


class Refused(ImsError):
    """A service was asked for something a rule refuses."""

    http_status = 409
    default_code = "refused"

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.code, **verdict.values)
        self.verdict = verdict

    def __str__(self) -> str:
        return f"{self.code} ({self.verdict.reason})"
