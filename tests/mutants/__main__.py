"""Puts faults into rules and services and prints, by room, how many of them the fast tests notice.

    python -m tests.mutants --minutes 60 --seed 1 --only images/copy tests/images

In the order that the seed gives, as many as there is time for: two runs with one seed compare, also when one comes
further, or when rooms have been moved meanwhile.
"""

import argparse
import contextlib
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from multiprocessing.connection import wait
from pathlib import Path

from tests.mutants.lane import Order, Outcome, run_lane


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="ims-mutants-"))
    folder.chmod(0o755)
    try:
        outcomes: list[Outcome] = []
        with contextlib.suppress(KeyboardInterrupt, EOFError):  # EOFError: a lane has said why it ended
            for outcome in _outcomes(_asked(), folder):
                outcomes.append(outcome)
                if not len(outcomes) % 50:
                    sys.stderr.write(f"{len(outcomes)} mutants\n")
        sys.stdout.write(report(outcomes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="when to begin no further mutant")
    parser.add_argument("--seed", type=int, default=1, help="the order in which they are taken")
    parser.add_argument("--lanes", type=int, default=2, help="how many processes")
    parser.add_argument("--only", default="", help="only files whose path contains this")
    parser.add_argument("tests", nargs="*", default=["tests"], help="what pytest shall collect")
    return parser.parse_args()


def _outcomes(asked: argparse.Namespace, folder: Path) -> Iterator[Outcome]:
    spawn = multiprocessing.get_context("spawn")
    order = Order(
        seed=asked.seed,
        only=asked.only,
        tests=asked.tests,
        ends_at=time.monotonic() + asked.minutes * 60,
        folder=folder,
        tests_begun=spawn.Value("i", 0),
        mutants_begun=spawn.Value("i", 0),
        all_measured=spawn.Barrier(asked.lanes),
    )
    lanes = []
    for number in range(asked.lanes):
        ours, theirs = spawn.Pipe(duplex=False)
        spawn.Process(target=run_lane, args=(number, order, theirs), daemon=True).start()
        theirs.close()
        lanes.append(ours)
    while lanes:
        for lane in wait(lanes):
            if (said := lane.recv()) is None:
                lanes.remove(lane)
            elif isinstance(said, Outcome):
                yield said
            else:
                sys.stderr.write(f"fails without any fault: {said}\n")


def report(outcomes: list[Outcome]) -> str:
    """The score of each room, then who survived."""
    rooms: dict[str, Counter[str]] = defaultdict(Counter)
    for each in outcomes:
        rooms[each.mutant.room][each.result] += 1
        rooms["(all)"][each.result] += 1
    lines = [f"{'killed':>6} {'of':>5} {'%':>4}  room"]
    for room, counts in sorted(rooms.items()):
        lived = counts["survived"] + counts["unreached"]
        if tried := counts["killed"] + lived:
            lines.append(f"{counts['killed']:>6} {tried:>5} {100 * counts['killed'] // tried:>4}  {room}")
    survivors = [each for each in outcomes if each.result != "killed"]
    lines += [
        "",
        *(
            _survivor(each)
            for each in sorted(survivors, key=lambda each: (each.mutant.path, each.mutant.number))
        ),
    ]
    return "\n".join(lines) + "\n"


def _survivor(outcome: Outcome) -> str:
    mutant = outcome.mutant
    if outcome.result == "unreached":
        tests = "no fast test comes here"
    else:
        tests = f"{outcome.run} of {outcome.reaching} tests"
    broken = "BROKEN " if outcome.result == "broken" else ""
    return f"{broken}{mutant.path}:{mutant.line} {mutant.key}  [{tests}]"


if __name__ == "__main__":
    main()
