"""May a list's state be saved, shared, renamed, removed?"""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import SavedView
from imsconsole.accounts.rules import may_write
from imsconsole.core.rules import ALLOWED, Verdict, refuse

MOST_VIEWS = 50  # of a person, a project and a list


def can_share_view(actor: Actor) -> Verdict:
    """What the whole project sees is changed by those who may change the project."""
    return may_write(actor)


def can_save_view(room: str, actor: Actor) -> Verdict:
    """Anybody may save views for themselves, up to a number."""
    if _own(room, actor).count() < MOST_VIEWS:
        return ALLOWED
    return refuse(
        "too-many-views",
        _("You have %(most)s views of this list already. Delete one that you do not need any more."),
        most=MOST_VIEWS,
    )


def view_name_is_free(name: str, room: str, actor: Actor, besides: SavedView | None = None) -> Verdict:
    """A person's views of a list have different names."""
    same = _own(room, actor).filter(name=name)
    if not (same.exclude(pk=besides.pk) if besides else same).exists():
        return ALLOWED
    return refuse(
        "view-name-taken",
        _("You have a view named “%(name)s” already. Choose another name."),
        name=name,
    )


def can_change_view(view: SavedView, actor: Actor) -> Verdict:
    """Only whoever saved it."""
    if actor.user is not None and view.user_id == actor.user.pk:
        return ALLOWED
    return refuse(
        "not-your-view",
        _("Only the person who saved this view can change it. Open it and save it under a name of your own."),
    )


def can_delete_view(view: SavedView, actor: Actor) -> Verdict:
    """Whoever saved it; a shared one the administrators as well."""
    if view.shared and actor.administers:
        return ALLOWED
    if can_change_view(view, actor):
        return ALLOWED
    return refuse(
        "not-your-view-to-delete",
        _("Only the person who saved this view or an administrator can delete it. Ask one of them."),
    )


def _own(room: str, actor: Actor) -> QuerySet[SavedView]:
    return SavedView.objects.filter(user=actor.user, project=actor.project, room=room)
