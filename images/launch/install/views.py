"""A temporary server from an ISO image, on whose screen a system is installed."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from images.launch.install.forms import InstallForm
from images.launch.install.rules import can_install
from images.launch.services import install_server
from images.models import Image
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.servers.rules import can_run_guests


@form_view
def install(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """The form, and its answer."""
    actor = request.actor
    image = get_object_or_404(Image.objects.visible_to(actor).select_related("os_version"), pk=image_id)
    verdict, host = can_install(image, actor), host_of(actor.region)
    first = {"name": "install", "system_disk_gb": image.min_disk_gb}
    form = InstallForm(request.POST or None, initial=first, image=image, actor=actor, host=host)
    if request.method == "POST":
        verdict.require()
        if form.is_valid():
            server = install_server(image=image, actor=actor, **form.cleaned_data)
            messages.success(request, _("The temporary server is being created."))
            return redirect(server)
    context = {
        "active": "images",
        "image": image,
        "form": form,
        "verdict": verdict,
        "runs": can_run_guests(host.capabilities),
    }
    return render(request, "images/launch/install/install.html", context, status=422 if form.errors else 200)
