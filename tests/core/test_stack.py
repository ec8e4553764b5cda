"""Python maps and unmaps no memory for the calls of a page."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from resource import RUSAGE_THREAD, getrusage
from types import FunctionType

from imsconsole.core.stack import with_room

CALLS = 500
OF_A_CHUNK = range(64, 2048, 4)  # sizes of frames that leave more or less of one, in slots


def nothing() -> None:
    """What is called again and again."""


def mapped() -> int:
    """How often memory was mapped for so many calls."""
    before = getrusage(RUSAGE_THREAD).ru_minflt
    for _time in range(CALLS):
        nothing()
    return getrusage(RUSAGE_THREAD).ru_minflt - before


def worst(run: Callable[[Callable[[], int]], int]) -> int:
    """However near the edge of a chunk the calls begin; in a thread that has no room as yet."""
    frames = [FunctionType(mapped.__code__.replace(co_stacksize=slots), globals()) for slots in OF_A_CHUNK]
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: max(run(frame) for frame in frames)).result()


def test_calls_with_room_map_none() -> None:
    assert worst(with_room) < CALLS / 10


def test_without_it_each_call_at_the_edge_of_a_chunk_does() -> None:
    """When this fails, Python has learnt it, and `with_room` can go."""
    assert worst(lambda call: call()) >= CALLS
