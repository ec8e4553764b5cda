"""Two people at once on the same key: one wins, the other reads a sentence."""

from collections.abc import Callable
from typing import Any

import pytest

from imsconsole.cloud.keys.default import default_key
from imsconsole.cloud.keys.services import (
    cancel_key_deletion,
    create_key,
    disable_key,
    grant_key,
    revoke_grant,
    schedule_key_deletion,
)
from imsconsole.cloud.models import Key, KeyGrant
from imsconsole.core.now import now
from tests.factories import KeyFactory, KeyGrantFactory
from tests.support.at_once import DONE, at_once

pytestmark = [
    pytest.mark.slow(reason="each pair meets several times"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 4


def schedule(key: Key, *, actor: Any) -> Key:
    return schedule_key_deletion(key, days=7, actor=actor)


VERBS: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (disable_key, {}, "key-disabled"),
    (schedule, {}, "key-pending"),
    (cancel_key_deletion, {"state": "pending-deletion", "delete_at": now()}, "key-not-pending"),
]


@pytest.mark.parametrize(("verb", "fields", "lost"), VERBS, ids=lambda each: getattr(each, "__name__", ""))
def test_of_two_who_do_the_same_one_wins(people, verb, fields, lost) -> None:
    for _ in range(ROUNDS):
        key = KeyFactory(project=people.bob.project, **fields)
        calls = [lambda key=key, who=who: verb(key, actor=who) for who in (people.alice, people.bob)]
        assert sorted(at_once(*calls)) == sorted([DONE, lost])


def test_of_two_keys_of_one_name_one_is_made(people) -> None:
    for number in range(ROUNDS):
        calls = [
            lambda who=who, name=f"key-{number}": create_key(name=name, actor=who)
            for who in (people.alice, people.bob)
        ]
        assert sorted(at_once(*calls)) == [DONE, "key-name"]
    assert Key.objects.count() == ROUNDS


def test_many_who_need_the_default_key_at_once_get_the_same(people) -> None:
    found: list[Key] = []
    calls = [lambda who=who: found.append(default_key(who)) for who in (people.alice, people.bob) * 4]
    assert at_once(*calls) == [DONE] * 8
    assert set(found) == {Key.objects.get()}


def test_a_key_is_granted_and_revoked_once(people) -> None:
    for _ in range(ROUNDS):
        key = KeyFactory(project=people.bob.project)
        calls = [
            lambda key=key, who=who: grant_key(key, grantee=people.carol.project, actor=who)
            for who in (people.alice, people.bob)
        ]
        assert sorted(at_once(*calls)) == [DONE, "granted-already"]
        grant = KeyGrantFactory(key=key)
        calls = [
            lambda grant=grant, who=who: revoke_grant(grant, actor=who) for who in (people.alice, people.bob)
        ]
        assert sorted(at_once(*calls)) == [DONE, "not-found"]
        assert KeyGrant.objects.filter(key=key).count() == 1


def test_a_key_is_not_granted_once_it_waits_for_its_deletion(people) -> None:
    for _ in range(ROUNDS):
        key = KeyFactory(project=people.bob.project)
        outcomes = at_once(
            lambda key=key: schedule(key, actor=people.alice),
            lambda key=key: grant_key(key, grantee=people.carol.project, actor=people.bob),
        )
        assert outcomes in ([DONE, DONE], [DONE, "key-pending"])
