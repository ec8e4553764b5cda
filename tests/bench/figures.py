"""What was measured, and what it is to be."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One number of a table, at most as large as its goal, or `is_least` at least; without a goal just said."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    is_least: bool = False
    how: str = ""  # it came about: of what size, against what

    @property
    def misses(self) -> bool:
        if self.goal is None:
            return False
        return self.value < self.goal if self.is_least else self.value > self.goal

    def __str__(self) -> str:
        sign = "≥" if self.is_least else "≤"
        goal = "" if self.goal is None else f"{sign} {self.goal:g}"
        return f"{self.what:<48}{self.value:>10,.2f} {self.unit:<8}{goal:<10}{'MISSED  ' if self.misses else '':<8}{self.how}"


def missed(figures: Iterable[Figure]) -> list[Figure]:
    return [figure for figure in figures if figure.misses]
