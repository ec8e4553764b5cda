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
    """The answer of a rule. True in a condition when allowed. `text` is translated when it is read, with `values` in its places.

    `way` is the address of a page that takes the reason away, `way_label` what a link to it says.
    """

    code: str = ""
    text: str | Promise = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    way: str = ""
    way_label: str | Promise = ""

    def __bool__(self) -> bool:
        return not self.code

    @property
    def reason(self) -> str:
        """Why not, in the reader's language."""
        return str(self.text) % self.values if self.values else str(self.text)

    def require(self) -> None:
        """Raise `Refused` unless allowed."""
        if self.code:
            raise Refused(self)


ALLOWED = Verdict()


def refuse(
    code: str, text: Promise, /, *, way: str = "", way_label: str | Promise = "", **values: Any
) -> Verdict:
    """A refusal. `text` is a whole sentence, translated lazily: what is not possible, why, what to do."""
    return Verdict(code, text, values, way, way_label)


def first_refusal(verdicts: Iterable[Verdict]) -> Verdict:
    """The first verdict that refuses, else ALLOWED: `and` for any number of them."""
    return next((verdict for verdict in verdicts if not verdict), ALLOWED)


class Refused(ImsError):
    """A service was asked for something a rule refuses."""

    http_status = 409
    default_code = "refused"

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.code)
        self.values = dict(verdict.values)
        self.verdict = verdict

    def __str__(self) -> str:
        return f"{self.code} ({self.verdict.reason})"
