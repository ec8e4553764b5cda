"""What is found: in the project one is in, then in the others that one may enter."""

from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any
from uuid import UUID

from imsconsole.accounts.actor import Actor, projects_of
from imsconsole.accounts.models import Project, Role
from imsconsole.core.project_urls import in_project
from imsconsole.core.rooms import drawers
from imsconsole.search.kinds import Kind

SHOWN = 5  # of a kind
MOST_PROJECTS = 20
LONGEST = 128


@dataclass(frozen=True)
class Hit:
    """A thing: what it is called, what is said beside, its ID and the address of its page."""

    name: str
    told: str
    key: UUID
    url: str


@dataclass(frozen=True)
class Group:
    """What was found of a kind; `more_url` leads to the list of all, where there are more."""

    title: str
    icon: str
    hits: list[Hit]
    more_url: str = ""


@cache
def kinds() -> tuple[Kind, ...]:
    every = chain.from_iterable(room.SEARCHED for room in drawers("searched"))
    return tuple(sorted(every, key=lambda kind: kind.place))


def found_here(text: str, actor: Actor) -> list[Group]:
    """As the lists of the actor's project find it, of each kind some: a query for each field of each kind."""
    return list(filter(None, (_group(kind, text, actor) for kind in kinds())))


def _group(kind: Kind, text: str, actor: Actor) -> Group | None:
    rows: dict[object, Any] = {}
    more_url = ""
    for field in kind.fields:
        found = list(kind.found(field, text, actor)[: SHOWN + 1])
        if len(found) > SHOWN and not more_url:
            more_url = kind.list_of(field, text)
        rows |= {row.pk: row for row in found if row.pk not in rows}
    hits = [
        Hit(str(getattr(row, kind.name)), str(kind.told(row)), key, kind.page_of(key))
        for row in [*rows.values()][:SHOWN]
        for key in [getattr(row, kind.key)]
    ]
    return Group(str(kind.title), kind.icon, hits, more_url) if hits else None


def found_elsewhere(text: str, actor: Actor) -> list[Group]:
    """The same in the actor's other projects: one query for each kind, however many these are."""
    if actor.user is None:
        return []
    projects = projects_of(actor.user).exclude(pk=actor.project.pk)[: MOST_PROJECTS + 1]
    others = {project.pk: project for project in projects}
    if not others:
        return []
    # what a list shows does not depend on the role; what may be done is asked where one goes
    actors = [Actor(actor.user, project, Role.READ_ONLY) for project in others.values()]
    groups = (_elsewhere(kind, text, actors, others) for kind in kinds() if kind.is_own)
    return list(filter(None, groups))


def _elsewhere(kind: Kind, text: str, actors: list[Actor], others: dict[UUID, Project]) -> Group | None:
    first, *rest = [
        kind.found(field, text, actor).order_by().values_list(kind.key, kind.name, "project")
        for actor in actors
        for field in kind.fields
    ]
    rows = list(dict.fromkeys(first.union(*rest, all=True)[: SHOWN * 2]))[:SHOWN]
    hits = [
        Hit(
            name, f"{others[project]} · {others[project].region}", key, in_project(project, kind.page_of(key))
        )
        for key, name, project in rows
    ]
    return Group(str(kind.title), kind.icon, hits) if hits else None
