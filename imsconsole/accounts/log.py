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


def explain(thing: M, details: Any = "", *, name: str | Promise = "") -> M:
    """The thing, whose audit row will say this besides the action, as `core.sentences.said` says it to its reader.

    `name` is what it is called there; otherwise what it calls itself.
    """
    thing.trail_details, thing.trail_name = details, name  # type: ignore[attr-defined]
    return thing


def record(
    action: str,
    actor: Actor | Operator,
    things: Iterable[Model],
    result: str = "normal",
    code: str = "",
    details: Any = "",
) -> None:
    """Add one row per thing; `details` as `core.sentences` keeps what it says. The rows are the audit room's: known here through the schema only."""
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
            resource_name=_name_of(thing)[:255],
            result=result,
            code=code,
            details=details or getattr(thing, "trail_details", ""),
            address=actor.address or None,
        )
        for thing in things
    )


def _name_of(thing: Model) -> str:
    """In no reader's language, as it is read by all."""
    with translation.override(None):
        return str(getattr(thing, "trail_name", "") or thing)
