"""Export an image, or several to one folder: where to, once more what will be done, then the deed."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from images.export.forms import ExportForm, SeveralForm
from images.export.names import proposed_name
from images.export.rules import EXPORT_BYTES_FACTS, EXPORT_FACTS, can_export
from images.export.services import export_image
from images.models import Image
from images.product.ancestry import load_ancestors
from images.selection.chosen import chosen_images
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Wizard
from imsconsole.core.each import do_each, tell_each
from imsconsole.core.pickers import is_refresh
from imsconsole.core.rules import ALLOWED, Refused, Verdict, refuse
from imsconsole.core.selection import split_by
from imsconsole.core.summary import summary_of

MOST_AT_ONCE = 100
BEGUN = ngettext_lazy(
    "%(n)s image is being exported: %(names)s.", "%(n)s images are being exported: %(names)s.", "n"
)

EXPORT = Wizard(
    "images.export",
    gettext_lazy("Export image"),
    "images:export",
    {"target": gettext_lazy("Target"), "confirm": gettext_lazy("Confirm")},
    lambda draft: {"image_id": draft.data["image"]},
)


@EXPORT.first
def export(request: ActorRequest, draft: Draft | None, image_id: uuid.UUID) -> HttpResponse:
    """What the file is, what it is called, where it goes."""
    image = _image(request, image_id)
    form = ExportForm(EXPORT.typed(request, draft, "target"), image=image, actor=request.actor)
    verdict = can_export(image, request.actor)
    if answer := EXPORT.starts(request, draft, form, verdict=verdict, image=str(image.pk)):
        return answer
    missing = (
        ALLOWED if form.has_buckets else refuse("no-bucket", gettext_lazy("There is no Standard bucket yet."))
    )
    return _page(request, "target", image, form, verdict=verdict and missing)


@EXPORT.step
def confirm(request: ActorRequest, draft: Draft, image_id: uuid.UUID) -> HttpResponse:
    """Read once more."""
    image = _image(request, image_id)
    form = ExportForm(EXPORT.kept(draft, "target"), image=image, actor=request.actor)
    if answer := EXPORT.ends(request, draft, form, make=lambda: _begin(image, form), back="target"):
        return answer
    return _page(request, "confirm", image, form, back_url=EXPORT.url(draft, "target"))


def _image(request: ActorRequest, image_id: uuid.UUID) -> Image:
    facts = (*EXPORT_FACTS, *EXPORT_BYTES_FACTS)
    images = Image.objects.visible_to(request.actor).with_facts(request.actor, *facts)
    return get_object_or_404(images.select_related("os_version", "key"), pk=image_id)


def _begin(image: Image, form: ExportForm) -> Made:
    chosen = form.cleaned_data
    export_image(image, bucket=chosen["bucket"], key=form.key, format=chosen["format"], actor=form.actor)
    values = {"name": image.name, "bucket": chosen["bucket"].name, "key": form.key}
    text = _("“%(name)s” is being exported to %(bucket)s as %(key)s.") % values
    return Made(image.get_absolute_url(), text)


def _page(request: ActorRequest, step: str, image: Image, form: ExportForm, **context: Any) -> HttpResponse:
    listed, page = f"{reverse('images:list')}?tab={image.category}", image.get_absolute_url()
    about: dict[str, Any] = {
        "active": "images",
        "image": image,
        "summary": form.summary(),
        "heading": _("Export %(name)s") % {"name": image.name},
        "crumbs": [(listed, _("Images")), (page, image.name)],
        "cancel_url": page,
    }
    return EXPORT.page(request, f"images/export/{step}.html", step, form, **about, **context)


@form_view
def export_several(request: ActorRequest) -> HttpResponse:
    """What is confirmed are the images that were named. Each export is work of its own."""
    actor, state = request.actor, request.POST.get("state", "") or "tab=private"
    back = f"{reverse('images:list')}?{state}"
    chosen = chosen_images(request.POST, actor).with_facts(actor, *EXPORT_FACTS, *EXPORT_BYTES_FACTS)
    images = list(chosen.select_related("os_version", "key")[:MOST_AT_ONCE])
    if not images:
        if request.method == "POST":
            messages.warning(request, _("No image is selected. Tick the images you want to export first."))
        return redirect(back)
    is_filled = "confirm" in request.POST or is_refresh(request.POST)
    form = SeveralForm(request.POST if is_filled else None, actor=actor)
    if form.is_bound and form.is_valid():
        outcome = do_each(images, lambda image: _export(image, form, actor))
        tell_each(request, outcome, done=BEGUN, kept=_("%(name)s is not exported: %(reason)s"))
        return redirect(back)
    load_ancestors(images)
    partition = split_by(images, lambda image: can_export(image, actor))
    context = {
        "active": "images",
        "form": form,
        "partition": partition,
        "summary": form.summary(partition.allowed),
        "pick": ",".join(str(image.pk) for image in partition.allowed),
        "state": state,
        "back_url": back,
        "has_secret": any(image.key_id for image in partition.allowed),
        "has_more": chosen.count() > len(images),
        "most": MOST_AT_ONCE,
    }
    status = 422 if form.errors else 200
    return summary_of(request, context) or render(
        request, "images/export/several.html", context, status=status
    )


def _export(image: Image, form: SeveralForm, actor: Actor) -> Image:
    """Under its own name. Raises Refused, also when that cannot be an object's."""
    bucket, format = form.cleaned_data["bucket"], form.cleaned_data["format"]
    try:
        key = form.key_of(proposed_name(image))
    except forms.ValidationError as error:
        raise Refused(Verdict("bad-object-key", error.message, error.params or {})) from error
    return export_image(image, bucket=bucket, key=key, format=format, actor=actor)
