"""Export an image: the form, once more what will be done, then the deed."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from images.forms.export import ExportForm
from images.models import Image
from images.rules.export import Format, can_export, export_bytes
from images.services.export import export_image
from imsconsole.accounts.access import ActorRequest, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def export(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """The form; sent without `confirm`, the question; with it, the deed."""
    images = Image.objects.visible_to(request.actor).with_facts(request.actor)
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
    template = "images/export_confirm.html" if asks else "images/export.html"
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
