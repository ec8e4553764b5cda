"""Create a data disk: blank, or with the content of a data disk image (`?image=`)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from images.launch.disk.forms import CreateDiskForm, data_images
from images.launch.disk.services import create_disk_from
from images.models import Image
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.cloud.disks.rules import can_create_disk
from imsconsole.cloud.disks.services import create_disk


@form_view
def create(request: ActorRequest) -> HttpResponse:
    """The form, and its answer."""
    sent = request.POST if request.method == "POST" else None
    form = CreateDiskForm(sent, actor=request.actor, initial=_begun(request))
    if sent is not None and form.is_valid():
        typed: dict[str, Any] = dict(form.cleaned_data)
        image: Image | None = typed.pop("image")
        if image is None:
            disk = create_disk(actor=request.actor, **typed)
        else:
            del typed["key"]  # it has its image's
            disk = create_disk_from(image, actor=request.actor, **typed)
        messages.success(request, _("The disk “%(name)s” is being created.") % {"name": disk.name})
        return redirect(disk)
    context = {"active": "disks", "form": form, "verdict": can_create_disk(request.actor)}
    return render(request, "images/launch/disk/create.html", context, status=422 if form.errors else 200)


def _begun(request: ActorRequest) -> dict[str, Any]:
    """The image that was chosen before, and the smallest disk that holds it."""
    try:
        image = data_images(request.actor).filter(pk=UUID(request.GET.get("image", ""))).first()
    except ValueError:
        image = None
    return {"image": image.pk, "size_gb": image.min_disk_gb} if image else {}
