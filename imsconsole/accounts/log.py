"""`@service`: what makes a function a service, and the row it leaves in the audit log.

It is here, below the room of audit, because accounts have services too.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django.utils import translation
from django.utils.functional import Promise

from imsconsole.accounts.actor import Actor, Operator
from imsconsole.core.contention import retried
from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import explained, lasting_values

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Model)


def service(action: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function a service: one transaction, tried once more if need be, and an audit row about each thing it returns.

    The function takes `actor` by keyword and returns a model instance, a list of them, or None
    (then the row is about the actor's project). A service that calls another leaves both rows.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @retried
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            with transaction.atomic():
                thing = function(*args, **kwargs)
                record(action, kwargs["actor"], _things(thing, kwargs["actor"]))  # type: ignore[arg-type]
            return thing

        run.audit_action = action  # type: ignore[attr-defined]
        return run

    return decorate


def _things(thing: Any, actor: Any) -> Iterable[Model]:
    if isinstance(thing, Model):
        return [thing]
    if isinstance(thing, list | tuple):
        return [each for each in thing if isinstance(each, Model)]
    return [actor.project]


def explain(
    thing: M, details: Any = "", *, name: str | Promise = "", result: str = "normal", code: str = ""
) -> M:
    """The thing, whose audit row will say this besides the action.

    `details` are what `core.sentences.said` says to its reader, `name` is what it is called if not as it calls itself.
    """
    thing.trail = {"details": details, "resource_name": name or thing, "result": result, "code": code}  # type: ignore[attr-defined]
    return thing


def refused(thing: M, error: ImsError) -> M:
    """The thing, whose audit row will say that it was refused and why."""
    why = explained(error.code, lasting_values(error))
    return explain(thing, why, result="warning", code=error.code)


def record(action: str, actor: Actor | Operator, things: Iterable[Model]) -> None:
    """Add one row per thing. The rows are the audit room's: known here through the schema only."""
    Event = apps.get_model("audit", "Event")
    Event.objects.bulk_create(
        Event(
            user=actor.user,
            user_name=actor.user.username if actor.user else "",
            account=actor.account,
            project=actor.project,
            action=action,
            resource_type=thing._meta.model_name or "",
            resource_id=str(thing.pk),
            address=actor.address or None,
            **_told_of(thing),
        )
        for thing in things
    )


def _told_of(thing: Model) -> dict[str, Any]:
    """What was explained of it; its name in no reader's language, as it is read by all."""
    told = getattr(thing, "trail", {"resource_name": thing})
    with translation.override(None):
        return told | {"resource_name": str(told["resource_name"])[:255]}
