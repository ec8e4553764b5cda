"""Out of the trash, one way or the other: restored, or deleted for ever; one or several."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_http_methods

from images.forms.restore import RestoreForm
from images.models import Image
from images.rules.delete import can_purge, can_restore, can_restore_each
from images.selection.bulk import Several, act_on_several
from images.selection.used_by import uses_of
from images.services.delete import purge_image, restore_image
from imsconsole.accounts.access import ActorRequest, signed_in

RESTORE = Several(
    url="images:restore-several",
    title=gettext_lazy("Restore images"),
    heading=ngettext_lazy("Restore %(n)s image?", "Restore %(n)s images?", "n"),
    heading_none=gettext_lazy("None of these images can be restored"),
    text=gettext_lazy("They can be used again as before, under their former names."),
    button=ngettext_lazy("Restore %(n)s image", "Restore %(n)s images", "n"),
    done=ngettext_lazy(
        "%(n)s image has been restored: %(names)s.", "%(n)s images have been restored: %(names)s.", "n"
    ),
    kept=gettext_lazy("%(name)s was not restored: %(reason)s"),
    nothing=gettext_lazy("No image is selected. Tick the images you want to restore first."),
    ask=can_restore_each,
    do=restore_image,
    style="primary",
)
PURGE = Several(
    url="images:purge-several",
    title=gettext_lazy("Delete images for ever"),
    heading=ngettext_lazy("Delete %(n)s image for ever?", "Delete %(n)s images for ever?", "n"),
    heading_none=gettext_lazy("None of these images can be deleted for ever"),
    text=gettext_lazy(
        "This is final: the images and their files are removed and cannot be restored. Servers that were made "
        "from them run on."
    ),
    button=ngettext_lazy("Delete %(n)s image for ever", "Delete %(n)s images for ever", "n"),
    done=ngettext_lazy(
        "%(n)s image has been deleted for ever: %(names)s.",
        "%(n)s images have been deleted for ever: %(names)s.",
        "n",
    ),
    kept=gettext_lazy("%(name)s was not deleted for ever: %(reason)s"),
    nothing=gettext_lazy("The trash is empty, or nothing in it was selected."),
    ask=lambda images, actor: [can_purge(image, actor) for image in images],
    do=purge_image,
)


def _find(request: ActorRequest, image_id: uuid.UUID) -> Image:
    images = Image.objects.in_trash(request.actor).with_facts(request.actor)
    found: Image = get_object_or_404(images, pk=image_id)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def restore(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """Asks for another name when its own was taken meanwhile."""
    image, actor = _find(request, image_id), request.actor
    form = RestoreForm(request.POST if request.method == "POST" else None, image=image, actor=actor)
    if request.method == "POST":
        can_restore(image, actor).require()
        if form.is_valid():
            image = restore_image(image, name=form.cleaned_data["name"], actor=actor)
            messages.success(request, _("The image %(name)s has been restored.") % {"name": image.name})
            return redirect(image)
    context = {
        "active": "images",
        "image": image,
        "form": form,
        "can_restore": can_restore(image, actor),
    }
    return render(request, "images/restore.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def purge(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    image = _find(request, image_id)
    if request.method == "POST":
        purge_image(image, actor=request.actor)
        messages.success(request, _("The image %(name)s has been deleted for ever.") % {"name": image.name})
        return redirect(f"{reverse('images:list')}?tab=trash")
    context = {
        "active": "images",
        "image": image,
        "uses": [use for use in uses_of(image, request.actor) if use.total],
        "can_purge": can_purge(image, request.actor),
    }
    return render(request, "images/purge.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def restore_several(request: ActorRequest) -> HttpResponse:
    """Names the chosen images and what keeps some of them back; with `confirm` restores them."""
    return act_on_several(request, RESTORE)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def purge_several(request: ActorRequest) -> HttpResponse:
    """The same for deleting them for ever; with `matching` everything that is in the trash (*empty trash*)."""
    return act_on_several(request, PURGE)
