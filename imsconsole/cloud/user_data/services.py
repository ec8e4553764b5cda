"""Save, change and delete user data."""

from collections.abc import Mapping
from types import MappingProxyType

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.cloud.models import UserData
from imsconsole.cloud.names import server_name
from imsconsole.cloud.user_data.rules import (
    can_create_user_data,
    can_delete_user_data,
    can_edit_user_data,
    is_free_user_data_name,
    is_user_data,
)
from imsconsole.core.contention import one_wins
from imsconsole.core.edits import overwritten
from imsconsole.core.errors import Conflict
from imsconsole.core.locks import locked
from imsconsole.core.now import now
from imsconsole.jobs.quotas import lock_project


@service("createUserData")
def create_user_data(*, name: str, text: str, actor: Actor) -> UserData:
    """Save a text under a name. Raises Refused, ValidationError (name)."""
    lock_project(actor.project)
    can_create_user_data(actor).require()
    return _keep(UserData(project=actor.project, name=name, text=text, created_by=actor.user), actor)


@service("updateUserData")
def edit_user_data(
    user_data: UserData,
    *,
    name: str,
    text: str,
    seen: Mapping[str, str] = MappingProxyType({}),
    actor: Actor,
) -> UserData:
    """Give it another name or text. `seen` is what the editor had before their eyes.

    Raises Refused, ValidationError (name), and Conflict when somebody else changed it meanwhile.
    """
    row = locked(UserData.objects.visible_to(actor), user_data.pk)
    can_edit_user_data(row, actor).require()
    if overwritten({"name": row.name, "text": row.text}, seen, {"name": name, "text": text}):
        raise Conflict
    row.name, row.text, row.updated_at = name, text, now()
    return _keep(row, actor)


@service("deleteUserData")
def delete_user_data(user_data: UserData, *, actor: Actor) -> UserData:
    row = locked(UserData.objects.visible_to(actor), user_data.pk)
    can_delete_user_data(row, actor).require()
    row.delete()
    row.pk = user_data.pk  # for the audit row
    return row


def _keep(user_data: UserData, actor: Actor) -> UserData:
    """Two who choose a name at once: the database lets one in, the other reads a sentence."""
    server_name(user_data.name)
    is_user_data(user_data.text).require()
    is_free_user_data_name(user_data.name, actor, user_data).require()
    with one_wins(lambda: is_free_user_data_name(user_data.name, actor, user_data)):
        user_data.save()
    return user_data
