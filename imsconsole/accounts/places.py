"""In which of a person's projects the thing of an address is."""

from typing import Any

from django.apps import apps
from django.urls import ResolverMatch

from imsconsole.accounts.actor import Actor, actor_for, projects_of
from imsconsole.accounts.models import Project

# places in addresses → model names, where they differ by more than "_id" and "_"; messages are of a person
MODELS = {
    "object_id": "bucketobject",
    "schedule_id": "backupschedule",
    "version_id": "listingversion",
    "view_id": "savedview",
    "message_id": "",
}


def project_of(match: ResolverMatch | None, actor: Actor) -> Project:
    """The project to which an address that names none leads: the actor's, unless the thing is only in another."""
    rows = _rows_of(match)
    if rows is None or _shows(rows, actor):
        return actor.project
    return other_project_showing(match, actor) or actor.project


def other_project_showing(match: ResolverMatch | None, actor: Actor) -> Project | None:
    """Another project that the actor's user may enter, and where the thing is seen."""
    rows = _rows_of(match)
    if rows is None or actor.user is None:
        return None
    for project in projects_of(actor.user):
        elsewhere = actor_for(actor.user, project, actor.address) if project != actor.project else None
        if elsewhere and _shows(rows, elsewhere):
            return project
    return None


def _shows(rows: Any, actor: Actor) -> bool:
    seen = rows.visible_to(actor)
    return bool((seen.existing() if hasattr(seen, "existing") else seen).exists())


def _rows_of(match: ResolverMatch | None) -> Any:
    """The row that an address is about, as a query; None when it is about none that belongs to a project."""
    for place, key in match.kwargs.items() if match else ():
        name = MODELS.get(place, place.removesuffix("_id").replace("_", ""))
        for model in apps.get_models():
            if model._meta.model_name == name and hasattr(model._default_manager, "visible_to"):
                return model._default_manager.filter(pk=key)
    return None
