"""Saved views of lists. The person's row is locked, so of two views of one name at once one wins."""

from typing import cast

from imsconsole.accounts import rules_views as rules
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import SavedView, User
from imsconsole.core.locks import locked


@service("saveView")
def save_view(*, room: str, name: str, query: str, shared: bool = False, actor: Actor) -> SavedView:
    """Keep the state of a list under a name. Raises Refused."""
    user = _person(actor)
    rules.can_save_view(room, actor).require()
    rules.view_name_is_free(name, room, actor).require()
    if shared:
        rules.can_share_view(actor).require()
    return SavedView.objects.create(
        user=user, project=actor.project, room=room, name=name, query=query, shared=shared
    )


@service("changeView")
def change_view(view: SavedView, *, name: str, shared: bool, actor: Actor) -> SavedView:
    """Rename a view, share it in the project or keep it for oneself. Raises Refused."""
    _person(actor)
    view = locked(SavedView.objects.all(), view.pk)
    rules.can_change_view(view, actor).require()
    rules.view_name_is_free(name, view.room, actor, besides=view).require()
    if shared and not view.shared:
        rules.can_share_view(actor).require()
    view.name, view.shared = name, shared
    view.save(update_fields=["name", "shared"])
    return view


@service("setDefaultView")
def set_default_view(view: SavedView, *, is_default: bool, actor: Actor) -> SavedView:
    """The view the actor's list opens with in this project; at most one."""
    user = _person(actor)
    view = locked(SavedView.objects.all(), view.pk)
    others = SavedView.objects.filter(project=view.project_id, room=view.room, default_for=user)
    SavedView.default_for.through.objects.filter(savedview__in=others, user=user).delete()
    if is_default:
        view.default_for.add(user)
    return view


@service("deleteView")
def delete_view(view: SavedView, *, actor: Actor) -> SavedView:
    """Forget a view; for everybody, when it is shared. Raises Refused."""
    view = locked(SavedView.objects.all(), view.pk)
    rules.can_delete_view(view, actor).require()
    pk = view.pk
    view.delete()
    view.pk = pk  # for the trail
    return view


def _person(actor: Actor) -> User:
    return locked(User.objects.all(), cast(User, actor.user).pk)
