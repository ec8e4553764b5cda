"""The images that were chosen in the list."""

from django.http import QueryDict

from images.models import ImageQuerySet
from images.selection.filters import ImageFilter, for_tab, tab_of
from imsconsole.accounts.actor import Actor
from imsconsole.core.selection import picked_ids


def chosen_images(data: QueryDict, actor: Actor) -> ImageQuerySet:
    """What was picked (`pick`) in the tab of `state`, or everything that the query `matching` finds.

    Only what the actor may see.
    """
    if matching := data.get("matching", ""):
        return found_by(matching, actor)
    tab = tab_of(QueryDict(data.get("state", "")))
    return for_tab(tab, actor).filter(pk__in=picked_ids(data))


def found_by(state: str, actor: Actor) -> ImageQuerySet:
    """What the list shows on all of its pages, by its query string."""
    query = QueryDict(state)
    found: ImageQuerySet = ImageFilter(query, queryset=for_tab(tab_of(query), actor), actor=actor).qs
    return found
