"""Export an image, or several to one folder: the form, once more what will be done, then the deed."""

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from images.export.forms import ExportForm, SeveralForm, proposed_name
from images.export.rules import EXPORT_BYTES_FACTS, EXPORT_FACTS, Format, can_export, export_bytes
from images.export.services import export_image
from images.models import Image
from images.product.ancestry import load_ancestors
from images.selection.chosen import chosen_images
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.core.each import do_each, tell_each
from imsconsole.core.rules import Refused, refuse
from imsconsole.core.selection import split_by

MOST_AT_ONCE = 100
BEGUN = ngettext_lazy(
    "%(n)s image is being exported: %(names)s.", "%(n)s images are being exported: %(names)s.", "n"
)


@form_view
def export(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """The form; sent without `confirm`, the question; with it, the deed."""
    facts = (*EXPORT_FACTS, *EXPORT_BYTES_FACTS)
    images = Image.objects.visible_to(request.actor).with_facts(request.actor, *facts)
    image = get_object_or_404(images.select_related("os_version", "key"), pk=image_id)
    verdict = can_export(image, request.actor)
    sent = request.POST if request.method == "POST" else None
    form = ExportForm(sent, image=image, actor=request.actor)
    if sent is not None:
        verdict.require()
        if form.is_valid() and "confirm" in sent:
            return _begin(request, image, form)
    asks = form.is_valid() and "back" not in request.POST
    context = {"active": "images", "image": image, "form": form, "verdict": verdict}
    if asks:
        context |= _question(image, form)
    template = "images/export/confirm.html" if asks else "images/export/export.html"
    return render(request, template, context, status=422 if form.is_bound and form.errors else 200)


def _question(image: Image, form: ExportForm) -> dict[str, object]:
    chosen = form.cleaned_data
    return {
        "key": form.key,
        "bucket": chosen["bucket"],
        "format_label": Format(chosen["format"]).label,
        "needed": {"bucket_bytes": export_bytes(image, chosen["format"])},
    }


def _begin(request: ActorRequest, image: Image, form: ExportForm) -> HttpResponse:
    chosen = form.cleaned_data
    export_image(image, bucket=chosen["bucket"], key=form.key, format=chosen["format"], actor=request.actor)
    values = {"name": image.name, "bucket": chosen["bucket"].name, "key": form.key}
    messages.success(request, _("“%(name)s” is being exported to %(bucket)s as %(key)s.") % values)
    return redirect(image)


@form_view
def export_several(request: ActorRequest) -> HttpResponse:
    """What is confirmed are the images that were named. Each export is work of its own."""
    actor, state = request.actor, request.POST.get("state", "") or "tab=private"
    back = f"{reverse('images:list')}?{state}"
    chosen = chosen_images(request.POST, actor).with_facts(actor, *EXPORT_FACTS)
    images = list(chosen.select_related("os_version", "key")[:MOST_AT_ONCE])
    if not images:
        if request.method == "POST":
            messages.warning(request, _("No image is selected. Tick the images you want to export first."))
        return redirect(back)
    form = SeveralForm(request.POST if "confirm" in request.POST else None, actor=actor)
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
        "pick": ",".join(str(image.pk) for image in partition.allowed),
        "state": state,
        "back_url": back,
        "has_secret": any(image.key_id for image in partition.allowed),
        "has_more": chosen.count() > len(images),
        "most": MOST_AT_ONCE,
    }
    return render(request, "images/export/several.html", context, status=422 if form.is_bound else 200)


def _export(image: Image, form: SeveralForm, actor: Actor) -> Image:
    """Under its own name. Raises Refused, also when that cannot be an object's."""
    bucket, format = form.cleaned_data["bucket"], form.cleaned_data["format"]
    try:
        key = form.key_of(proposed_name(image))
    except forms.ValidationError as error:
        raise Refused(refuse("bad-object-key", " ".join(error.messages))) from error
    return export_image(image, bucket=bucket, key=key, format=format, actor=actor)
