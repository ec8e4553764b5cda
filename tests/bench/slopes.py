"""What is reckoned from what was measured."""

from itertools import pairwise

from tests.bench.figures import Figure


def slopes(by_rows: dict[int, list[Figure]], rows: int) -> list[Figure]:
    """What each is reckoned to take with so many images: along a straight line through the two largest numbers measured."""
    sizes = sorted(by_rows)
    values = {size: {each.what: each.value for each in by_rows[size] if each.unit == "ms"} for size in sizes}
    *_, (less, more) = pairwise(sizes)
    found = []
    for what, value in values[more].items():
        if what in values[less]:
            each = (value - values[less][what]) / (more - less)
            seen = ", ".join(f"{values[size][what]:,.1f}" for size in sizes if what in values[size])
            found.append(
                Figure(what, max(value, value + each * (rows - more)), "ms", how=f"measured: {seen}")
            )
    return found
