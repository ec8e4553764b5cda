"""Every service loses its connection to the database: at some of its statements, and before it commits.

It says so and nothing else, and leaves rows and files as they were. Called again, it does what it is for.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import Error, connection

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.models import User
from imsconsole.core.actions import Action, always
from imsconsole.core.contention import _rows
from imsconsole.core.disconnection import is_disconnected
from tests.house.test_agreement import SUBJECTS, Asked, Subject, made, undone
from tests.house.test_locks import STORIES, press
from tests.house.test_services import public_functions, service_modules
from tests.support.disconnection import COMMIT, lost_connection
from tests.support.sweep import some

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow(reason="every service is called again and again"),
]
disturbed: set[str] = set()  # services, each once


@pytest.fixture(autouse=True)
def _every_service_is_disturbed() -> Iterator[None]:
    """What `retried` calls of a service is put in place of the service, by whatever name it was imported."""
    changed = [(cell, cell.cell_contents) for _name, cell in cells()]
    for name, cell in cells():
        cell.cell_contents = Disturbed(name, cell.cell_contents)
    with closing(connection.copy()) as other:  # else each time SQLite puts its log away, and begins a new one
        other.ensure_connection()
        yield
    for cell, usual in changed:
        cell.cell_contents = usual


@cache
def cells() -> list[tuple[str, Any]]:
    """Of every service its name, and the cell with what `retried` calls."""
    return [
        (
            f"{module}.{function.__name__}",
            dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))["function"],
        )
        for module in service_modules()
        for function in public_functions(module)
    ]


class Disturbed:
    """A service whose connection is lost at one statement after the other, until it comes to its end."""

    def __init__(self, name: str, service: Callable[..., Any]) -> None:
        self.name, self.service = name, service
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if connection.in_atomic_block or self.name in disturbed:
            return self.service(*args, **kwargs)
        disturbed.add(self.name)
        rows = [(row, dict(vars(row))) for row in _rows([*args, *kwargs.values()])]
        before = everything()
        self._lose(COMMIT, rows, args, kwargs)  # what it keeps of its rows, it asks for once
        for at in some(range(self._lose(COMMIT, rows, args, kwargs), COMMIT, -1), 2):
            self._lose(at, rows, args, kwargs)
        assert everything() == before, self.name
        return self.service(*args, **kwargs)

    def _lose(self, at: int, rows: list[Any], args: Any, kwargs: Any) -> int:
        """Call it once, and say how many statements it got to."""
        with lost_connection(at) as fault:
            error = error_of(self.service, *args, **kwargs)
        assert is_disconnected(error), f"{self.name} at {at}: {error!r}"
        for row, as_it_was in rows:
            vars(row).clear()
            vars(row).update(as_it_was)
        return fault.statements


def error_of(service: Callable[..., Any], *args: Any, **kwargs: Any) -> Error | None:
    try:
        service(*args, **kwargs)
    except Error as error:
        return error
    return None


def everything() -> tuple[dict[str, list[Any]], list[Path]]:
    """Every row, and every file in the data folder but the database's."""
    rows = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.managed:
                cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
                rows[model._meta.label] = sorted(map(repr, cursor.fetchall()))
    folders = (path for path in Path(settings.DATA_DIR).iterdir() if path.name not in ("database", "tmp"))
    return rows, sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=list(SUBJECTS))
def test_a_button_pressed_when_the_database_goes_away(people: SimpleNamespace, subject: Subject) -> None:
    pressed: list[Action] = []
    for state in subject.states:
        for action in new_ones(subject, state, pressed, people.alice):
            pressed.append(action)
            press(subject, action, made(subject, state, people.alice), people.alice)


def new_ones(subject: Subject, state: str, pressed: list[Action], actor: Actor) -> list[Action]:
    """What may be pressed in that state and was in none before."""
    with undone():
        thing = made(subject, state, actor)
        asked = [
            Asked.of(subject, action, thing, actor)
            for action in subject.actions
            if action.rule is not always and str(action.label) not in subject.ways and action not in pressed
        ]
    return [each.action for each in asked if each.verdict and each.is_shown]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_service_of_no_button_when_the_database_goes_away(
    people: SimpleNamespace, operator: User, story: Callable[[SimpleNamespace, Operator], None]
) -> None:
    story(people, Operator(operator))
