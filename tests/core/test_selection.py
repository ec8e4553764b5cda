"""Rows chosen over the pages of a list."""

import uuid
from types import SimpleNamespace

from django.http import QueryDict

from imsconsole.core.query_string import is_same_state, state_of
from imsconsole.core.rules import ALLOWED, refuse
from imsconsole.core.selection import MOST_PICKED, picked_ids, split_by

A, B = uuid.uuid4(), uuid.uuid4()


def test_ids_come_one_by_one_or_with_commas_each_once():
    data = QueryDict(f"pick={A}&pick={B},{A},,no-id&pick=")
    assert picked_ids(data) == [A, B]


def test_there_is_an_end_to_what_is_picked():
    data = QueryDict(mutable=True)
    data["pick"] = ",".join(str(uuid.UUID(int=number)) for number in range(MOST_PICKED + 10))
    assert len(picked_ids(data)) == MOST_PICKED


def test_things_are_split_by_a_rule_and_reasons_name_a_few_of_them():
    things = [SimpleNamespace(name=str(number)) for number in range(7)]
    partition = split_by(things, lambda thing: ALLOWED if thing.name < "2" else refuse("no", "Because."))

    assert ([thing.name for thing in partition.allowed], partition.total) == (["0", "1"], 7)
    assert [(reason, [t.name for t in some], more) for reason, some, more in partition.reasons()] == [
        ("Because.", ["2", "3", "4"], 2)
    ]


def test_the_state_of_a_list_is_what_is_set_once_without_the_page():
    query = QueryDict("tab=private&q=&tag=a&tag=a&tag=b&page=3&csrfmiddlewaretoken=x&sort=name")
    assert state_of(query).urlencode() == "tab=private&tag=a&tag=b&sort=name"
    assert state_of(query, "tag", "tab").urlencode() == "sort=name"


def test_two_states_are_the_same_whatever_the_order_of_their_names():
    assert is_same_state("tab=private&q=web&status=", "q=web&tab=private&page=2")
    assert not is_same_state("tag=a", "tag=b")
