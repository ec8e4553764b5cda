"""What every page's frame shows."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.expressions import BaseExpression
from django.http import HttpRequest

from imsconsole.accounts.actor import projects_of
from imsconsole.accounts.models import Project, User
from imsconsole.core.prepared import Prepared
from imsconsole.core.rooms import drawers

Frame = dict[str, Callable[[User, Project | None], BaseExpression]]


def shell(request: HttpRequest) -> dict[str, Any]:
    """`actor`, the theme, and lazily the projects of the switcher with what other rooms show (`FRAME` of their `context.py`).

    All of that is asked in one query.
    """
    user, actor = getattr(request, "user", None), getattr(request, "actor", None)
    if not isinstance(user, User):
        return {"actor": actor, "switchable_projects": [], "theme": "auto", **dict.fromkeys(shown(), 0)}
    framed = cache(partial(_framed, user, actor.project if actor else None))
    return {
        "actor": actor,
        "theme": user.theme,
        "switchable_projects": lambda: framed()[0],
        **{name: partial(lambda name: framed()[1][name], name) for name in shown()},
    }


@cache
def shown() -> Frame:
    """What rooms show in the frame: each a name in templates, and what finds its value in a query."""
    return {name: of for context in drawers("context") for name, of in getattr(context, "FRAME", {}).items()}


def _framed(user: User, project: Project | None) -> tuple[list[Project], dict[str, Any]]:
    """The projects of the switcher, and what else is shown."""
    rows: list[Any] = []
    if project:
        region, account = project.region_id, project.account_id
        rows = _IN_PROJECT(user=user.pk, project=project.pk, account=account, region=region)
    row = rows[0] if rows else _with_frame(User.objects.filter(pk=user.pk), user, project).get()
    return rows, {name: getattr(row, name) for name in shown()}


def _with_frame(rows: QuerySet[Any], user: User, project: Project | None) -> QuerySet[Any]:
    return rows.annotate(**{name: of(user, project) for name, of in shown().items()})


def _in_project(user: int, project: UUID, account: UUID, region: str) -> QuerySet[Project]:
    reader, place = User(pk=user), Project(pk=project, account_id=account, region_id=region)
    return _with_frame(projects_of(reader), reader, place)


_IN_PROJECT = Prepared(_in_project, user=int, project=UUID, account=UUID, region=str)
