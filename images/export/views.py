"""Export an image, or several to one folder: the form, once more what will be done, then the deed."""

import uuid
from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from images.export.forms import ExportForm, SeveralForm, proposed_name
from images.export.rules import EXPORT_BYTES_FACTS, EXPORT_FACTS, Format, can_export, export_bytes
from images.export.services import export_image
from images.models import Image
from images.product.ancestry import load_ancestors
from images.selection.chosen import chosen_images
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.actor import Actor
from imsconsole.core.errors import ImsError
from imsconsole.core.rules import Refused
from imsconsole.core.selection import split_by
from imsconsole.core.sentences import sentence_of

MOST_AT_ONCE = 100
NAMED = 5


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
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


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def export_several(request: ActorRequest) -> HttpResponse:
    """What is confirmed are the images that were named. Each export is work of its own."""
    actor, state = request.actor, request.POST.get("state", "") or "tab=private"
    chosen = chosen_images(request.POST, actor).with_facts(actor, *EXPORT_FACTS)
    images = list(chosen.select_related("os_version", "key")[:MOST_AT_ONCE])
    if not images:
        if request.method == "POST":
            messages.warning(request, _("No image is selected. Tick the images you want to export first."))
        return redirect(f"{reverse('images:list')}?{state}")
    form = SeveralForm(request.POST if "confirm" in request.POST else None, actor=actor)
    if form.is_bound and form.is_valid():
        _tell(request, *_export_each(images, form, actor))
        return redirect(f"{reverse('images:list')}?{state}")
    load_ancestors(images)
    partition = split_by(images, lambda image: can_export(image, actor))
    context = {
        "active": "images",
        "form": form,
        "partition": partition,
        "pick": ",".join(str(image.pk) for image in partition.allowed),
        "state": state,
        "has_secret": any(image.key_id for image in partition.allowed),
        "has_more": chosen.count() > len(images),
        "most": MOST_AT_ONCE,
    }
    return render(request, "images/export/several.html", context, status=422 if form.is_bound else 200)


def _export_each(
    images: Iterable[Image], form: SeveralForm, actor: Actor
) -> tuple[list[Image], list[tuple[Image, str]]]:
    """Each on its own, so that one that is refused does not keep the others back."""
    bucket, format = form.cleaned_data["bucket"], form.cleaned_data["format"]
    begun: list[Image] = []
    refused: list[tuple[Image, str]] = []
    for image in images:
        try:
            key = form.key_of(proposed_name(image))
            begun.append(export_image(image, bucket=bucket, key=key, format=format, actor=actor))
        except Refused as refusal:
            refused.append((image, str(refusal.verdict.reason)))
        except ImsError as error:
            refused.append((image, sentence_of(error)))
        except forms.ValidationError as error:
            refused.append((image, " ".join(error.messages)))
    return begun, refused


def _tell(request: ActorRequest, begun: list[Image], refused: list[tuple[Image, str]]) -> None:
    if begun:
        names = ", ".join(image.name for image in begun[:NAMED]) + ("…" if len(begun) > NAMED else "")
        text = ngettext(
            "%(n)s image is being exported: %(names)s.",
            "%(n)s images are being exported: %(names)s.",
            len(begun),
        )
        messages.success(request, text % {"n": len(begun), "names": names})
    for image, reason in refused[:NAMED]:
        messages.warning(
            request, _("%(name)s is not exported: %(reason)s") % {"name": image.name, "reason": reason}
        )
    if (more := len(refused) - NAMED) > 0:
        messages.warning(request, _("%(n)s more stayed as they are, for such reasons.") % {"n": more})
