"""The page on which the tags of a thing are edited: the room of the thing finds it, and calls this."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from imsconsole.accounts.access import ActorRequest
from imsconsole.audit.models import Event
from imsconsole.cloud.tags.forms import TagForm
from imsconsole.cloud.tags.services import Tagging
from imsconsole.core.edits import Difference
from imsconsole.core.errors import Conflict


def edit_tags(request: ActorRequest, thing: Any, tagging: Tagging[Any], active: str) -> HttpResponse:
    """The form, and its answer; after a conflict the form once more, with both values (409).

    `active`: the item of the menu. What the page says of the thing says its model: `list_page`, its plural, its page.
    """
    kind = thing._meta.verbose_name_plural
    context = {"active": active, "thing": thing, "kind": kind, "verdict": tagging.rule(thing, request.actor)}
    if request.method != "POST":
        return _page(request, context, TagForm(thing=thing))
    form = TagForm(request.POST, thing=thing)
    tagging.rule(thing, request.actor).require()
    if not form.is_valid():
        return _page(request, context, form)
    wanted, seen = form.cleaned_data["tags"], form.seen.get("tags")
    try:
        if wanted != seen:
            tagging.change(thing, tags=wanted, seen=seen, actor=request.actor)
    except Conflict as conflict:
        form, differences = form.after_conflict({"tags": thing.tag_values}, thing=thing)
        return _page(request, context, form, differences, conflict)
    if wanted == seen:
        messages.info(request, _("Nothing was changed."))
    else:
        messages.success(request, _("The tags of %(name)s have been changed.") % {"name": thing.name})
    return redirect(f"{thing.get_absolute_url()}#tags")


def _page(
    request: ActorRequest,
    context: dict[str, Any],
    form: TagForm,
    differences: Sequence[Difference] = (),
    conflict: Conflict | None = None,
) -> HttpResponse:
    """The form; with what is wrong (422), or with what somebody else changed meanwhile (409)."""
    thing = context["thing"]
    done = Event.objects.visible_to(request.actor).about(thing._meta.model_name, thing.pk)
    last = done.done("addTag", "deleteTag").first() if conflict else None
    context = context | {"form": form, "differences": differences, "last_change": last}
    status = 409 if conflict else 422 if form.errors else 200
    response = render(request, "cloud/tags/tag.html", context, status=status)
    response.ims_error = conflict  # type: ignore[attr-defined]  # for the trail
    return response
