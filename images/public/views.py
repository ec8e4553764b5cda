"""What was changed in the public images of the region (公共镜像更新记录)."""

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import render

from images.models import Image, ReleaseNote
from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.core.paging import page_of


@page_view
def list_release_notes(request: ActorRequest) -> HttpResponse:
    """The notes about images one can see, the latest first."""
    visible = Image.objects.visible_to(request.actor).filter(category=Image.Category.PUBLIC, hidden=False)
    notes = ReleaseNote.objects.filter(images__in=visible).distinct()
    notes = notes.prefetch_related(Prefetch("images", visible.order_by("name"), to_attr="visible_images"))
    context = {"active": "images", "page": page_of(notes, request.GET)}
    return render(request, "images/public/release_notes.html", context)
