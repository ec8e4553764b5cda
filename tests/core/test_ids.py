"""IDs begin with the time and cannot be guessed."""

import time
from uuid import RFC_4122

from imsconsole.core.ids import new_id


def test_they_are_uuids_of_version_7():
    found = new_id()
    assert (found.version, found.variant) == (7, RFC_4122)


def test_they_begin_with_the_milliseconds_of_now():
    before = time.time_ns() // 1_000_000
    found = new_id().int >> 80
    assert before <= found <= time.time_ns() // 1_000_000


def test_what_is_made_later_is_larger_and_no_two_are_the_same():
    found = []
    for _number in range(50):
        found.append(new_id())
        time.sleep(0.000_002)
    assert found == sorted(found)
    assert len({new_id() for _number in range(10_000)}) == 10_000


def test_what_cannot_be_told_from_the_time_differs():
    assert len({new_id().int & (1 << 62) - 1 for _number in range(1_000)}) == 1_000
