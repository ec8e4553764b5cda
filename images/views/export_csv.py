"""The list as CSV: the same query, or the rows that were chosen."""

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from images.delete.tables import TrashTable
from images.exports import columns_of, rows_of
from images.models import ImageQuerySet
from images.selection.chosen import chosen_images, found_by
from images.selection.filters import tab_of
from images.tables import ImageTable
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.core.csv import csv_stream, dated_name


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def export_images(request: ActorRequest) -> HttpResponseBase:
    """By GET what the query finds; by POST what was chosen in the list (`core.selection`)."""
    if request.method == "POST":
        state = request.POST.get("state", "")
        images = chosen_images(request.POST, request.actor)
        if not images.exists():
            messages.warning(request, _("No image is selected. Tick the images you want in the file first."))
            return HttpResponseRedirect(f"{reverse('images:list')}?{state or 'q='}")
    else:
        state = request.GET.urlencode()
        images = found_by(state, request.actor)
    query = QueryDict(state)
    headings, cells = columns_of(tab_of(query))
    name = dated_name(request.actor.project, tab_of(query), "images")
    return csv_stream(headings, rows_of(_sorted(images, query, request), cells), name)


def _sorted(images: ImageQuerySet, query: QueryDict, request: ActorRequest) -> ImageQuerySet:
    """In the order of the list on the screen."""
    kind = TrashTable if tab_of(query) == "trash" else ImageTable
    table = kind(images, actor=request.actor, order_by=query.getlist("sort"))
    ordered: ImageQuerySet = table.data.data
    return ordered
