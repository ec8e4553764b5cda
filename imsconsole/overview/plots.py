"""Numbers as pictures: what the templates draw as SVG, in per cent of the width."""

from collections.abc import Mapping
from dataclasses import dataclass

from images.models import Image
from images.quotas import OF_TYPE
from imsconsole.core.text import size

LEAST = 0.75  # per cent; what is there is seen, however little


@dataclass(frozen=True)
class Slice:
    """A part of a bar: what it stands for, how much, and where it is drawn. `key` names its colour."""

    key: str
    title: str
    amount: int
    start: float
    width: float

    @property
    def text(self) -> str:
        return size(self.amount)

    @property
    def share(self) -> str:
        """As an attribute of SVG, which knows no decimal comma."""
        return f"{self.width:.2f}%"

    @property
    def offset(self) -> str:
        return f"{self.start:.2f}%"


def storage_of(used: Mapping[str, int]) -> list[Slice]:
    """What the project's images take in the store, by their type, the largest first. `used`: of `OF_TYPE`, at least."""
    amounts = {type_: used[resource] for type_, resource in OF_TYPE.items() if used[resource]}
    return slices(sorted(amounts.items(), key=lambda each: -each[1]))


def slices(amounts: list[tuple[str, int]]) -> list[Slice]:
    """Side by side over the whole width; the smallest are widened so that they are seen."""
    total = sum(amount for _key, amount in amounts)
    widths = [max(LEAST, 100 * amount / total) for _key, amount in amounts]
    scale, start, drawn = 100 / sum(widths) if widths else 1, 0.0, []
    for (key, amount), width in zip(amounts, widths, strict=True):
        drawn.append(Slice(key, str(Image.Type(key).label), amount, start, width * scale))
        start += width * scale
    return drawn
