"""Into the trash, one or several, and out of it, one way or the other: restored, or deleted for ever."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from images.delete.forms import RestoreImageForm
from images.delete.rules import (
    DELETE_UNASKED_FACTS,
    PURGE_FACTS,
    can_delete,
    can_delete_unasked,
    can_purge,
    can_restore,
    can_restore_each,
)
from images.delete.services import delete_image, purge_image, restore_image, withdraw_deletion
from images.models import Image
from images.models.trash import keeps_what_is_deleted
from images.selection.chosen import chosen_images
from images.selection.used_by import uses_of
from imsconsole.accounts.access import ActorRequest, form_view, post_view
from imsconsole.accounts.several import MOST_AT_ONCE, Several, act_on_several
from imsconsole.core.now import now

DELETES_BACKUPS = "delete_backups"  # the box for those of a full-ECS image (R88)
SEVERAL = "images/selection/several.html"
RESTORE = Several(
    title=gettext_lazy("Restore images"),
    heading=ngettext_lazy("Restore %(n)s image?", "Restore %(n)s images?", "n"),
    heading_none=gettext_lazy("None of these images can be restored"),
    text=gettext_lazy(
        "They can be used again as before, under their former names, also by those they are shared with."
    ),
    button=ngettext_lazy("Restore %(n)s image", "Restore %(n)s images", "n"),
    done=ngettext_lazy(
        "%(n)s image has been restored: %(names)s.", "%(n)s images have been restored: %(names)s.", "n"
    ),
    kept=gettext_lazy("%(name)s was not restored: %(reason)s"),
    nothing=gettext_lazy("No image is selected. Tick the images you want to restore first."),
    ask=can_restore_each,
    do=restore_image,
    template=SEVERAL,
    style="primary",
)
PURGE = Several(
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
    facts=PURGE_FACTS,
    do=purge_image,
    template=SEVERAL,
)


DELETE = Several(
    title=gettext_lazy("Delete images"),
    heading=ngettext_lazy("Delete %(n)s image?", "Delete %(n)s images?", "n"),
    heading_none=gettext_lazy("None of these images can be deleted"),
    text=gettext_lazy(
        "No server can be created from them any more. Servers that were made from them run on, but their OS "
        "can no longer be reinstalled."
    ),
    button=ngettext_lazy("Delete %(n)s image", "Delete %(n)s images", "n"),
    done=ngettext_lazy(
        "%(n)s image has been deleted: %(names)s.", "%(n)s images have been deleted: %(names)s.", "n"
    ),
    kept=gettext_lazy("%(name)s was not deleted: %(reason)s"),
    nothing=gettext_lazy("No image is selected. Tick the images you want to delete first."),
    ask=lambda images, actor: [can_delete_unasked(image, actor) for image in images],
    facts=DELETE_UNASKED_FACTS,
    do=delete_image,
    template="images/delete/delete_several.html",
)


@form_view
def confirm_delete(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    images = Image.objects.visible_to(request.actor).with_facts(request.actor, *DELETE_UNASKED_FACTS)
    image = get_object_or_404(images, pk=image_id)
    if image.shares_count and image.project_id == request.actor.project.pk:
        return redirect("sharing:delete", image.pk)  # there its owner says what becomes of who has it (R86)
    if request.method == "POST":
        backups = DELETES_BACKUPS in request.POST
        image = delete_image(image, deletes_backups=backups, actor=request.actor)
        messages.success(request, told_deleted(image))
        return redirect(f"{reverse('images:list')}?tab=private")
    kept = keeps_what_is_deleted(image.status)
    context = {
        "active": "images",
        "image": image,
        "uses": [use for use in uses_of(image, request.actor) if use.total],
        "verdict": can_delete(image, request.actor),
        "kept_until": now() + timedelta(days=settings.IMS_TRASH_DAYS) if kept else None,
    }
    return render(request, "images/delete/delete.html", context)


@post_view
def withdraw(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """Keep an image that was to be deleted."""
    image = get_object_or_404(Image.objects.visible_to(request.actor), pk=image_id)
    image = withdraw_deletion(image, actor=request.actor)
    messages.success(request, _("The image %(name)s is kept.") % {"name": image.name})
    return redirect(image)


def told_deleted(image: Image) -> str:
    """What whoever deleted it reads."""
    if image.kept_until is None:
        return _("The image %(name)s has been deleted.") % {"name": image.name}
    return _("The image %(name)s has been deleted. Until %(until)s it can be restored from the trash.") % {
        "name": image.name,
        "until": date_format(localtime(image.kept_until), "DATETIME_FORMAT"),
    }


@form_view
def delete_several(request: ActorRequest) -> HttpResponse:
    """Names the chosen images and what keeps some of them back; with `confirm` deletes them."""
    return _act_on(request, DELETE, deletes_backups=DELETES_BACKUPS in request.POST)


@form_view
def restore(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """Asks for another name when its own was taken meanwhile."""
    actor = request.actor
    image = get_object_or_404(Image.objects.in_trash(actor), pk=image_id)
    form = RestoreImageForm(request.POST if request.method == "POST" else None, image=image, actor=actor)
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
        "verdict": can_restore(image, actor),
    }
    return render(request, "images/delete/restore.html", context, status=422 if form.errors else 200)


@form_view
def purge(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    images = Image.objects.in_trash(request.actor).with_facts(request.actor, *PURGE_FACTS)
    image = get_object_or_404(images.select_related("backup"), pk=image_id)
    if request.method == "POST":
        purge_image(image, actor=request.actor)
        messages.success(request, _("The image %(name)s has been deleted for ever.") % {"name": image.name})
        return redirect(f"{reverse('images:list')}?tab=trash")
    context = {
        "active": "images",
        "image": image,
        "uses": [use for use in uses_of(image, request.actor) if use.total],
        "verdict": can_purge(image, request.actor),
    }
    return render(request, "images/delete/purge.html", context)


@form_view
def restore_several(request: ActorRequest) -> HttpResponse:
    """Names the chosen images and what keeps some of them back; with `confirm` restores them."""
    return _act_on(request, RESTORE)


@form_view
def purge_several(request: ActorRequest) -> HttpResponse:
    """The same for deleting them for ever; with `matching` everything that is in the trash (*empty trash*)."""
    return _act_on(request, PURGE)


def _act_on(request: ActorRequest, several: Several, **options: Any) -> HttpResponse:
    asked = request.POST or request.GET
    state = asked.get("state", "") or asked.get("matching", "") or "tab=private"
    chosen = chosen_images(asked, request.actor).with_facts(request.actor, "servers_count", *several.facts)
    images = list(chosen[: MOST_AT_ONCE + 1])
    return act_on_several(
        request,
        several,
        images,
        back=f"{reverse('images:list')}?{state}",
        options=options,
        active="images",
        state=state,
        about=lambda allowed: {"has_full": any(image.type == Image.Type.FULL for image in allowed)},
        trash_days=settings.IMS_TRASH_DAYS,
    )
