"""A temporary server from an ISO image, on whose screen a system is installed."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.launch.fit import flavor_choices
from images.launch.install.forms import InstallForm
from images.launch.install.rules import can_install, can_install_server
from images.launch.rules import Launch
from images.launch.services import install_server
from images.models import Image
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Typed, Wizard
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.servers.rules import can_run_guests

INSTALL = Wizard(
    "images.install",
    gettext_lazy("Install server"),
    "images:install",
    {"server": gettext_lazy("Temporary server"), "confirm": gettext_lazy("Confirm")},
    lambda draft: {"image_id": draft.data["image"]},
)


@INSTALL.first
def install(request: ActorRequest, draft: Draft | None, image_id: uuid.UUID) -> HttpResponse:
    """A name, a flavor, a disk."""
    image = _image(request, image_id)
    form = _form(request, image, INSTALL.typed(request, draft, "server"))
    verdict = can_install(image, request.actor)
    if answer := INSTALL.starts(request, draft, form, verdict=verdict, image=str(image.pk)):
        return answer
    capabilities = form.host.capabilities
    flavors = flavor_choices(image, form["flavor"].value(), capabilities)
    runs = can_run_guests(capabilities)
    return _page(request, "server", image, form, verdict=verdict, runs=runs, flavors=flavors)


@INSTALL.step
def confirm(request: ActorRequest, draft: Draft, image_id: uuid.UUID) -> HttpResponse:
    """Read once more."""
    image = _image(request, image_id)
    form = _form(request, image, INSTALL.kept(draft, "server"))

    def make() -> Made:
        server = install_server(image=image, actor=request.actor, **form.cleaned_data)
        return Made(server.get_absolute_url(), _("The temporary server is being created."))

    if answer := INSTALL.ends(request, draft, form, make=make):
        return answer
    order = Launch(image=image, **form.cleaned_data)
    return _page(
        request,
        "confirm",
        image,
        form,
        verdict=can_install_server(order, request.actor),
        back_url=INSTALL.url(draft, "server"),
    )


def _image(request: ActorRequest, image_id: uuid.UUID) -> Image:
    return get_object_or_404(
        Image.objects.visible_to(request.actor).select_related("os_version"), pk=image_id
    )


def _form(request: ActorRequest, image: Image, typed: Typed) -> InstallForm:
    host = host_of(request.actor.region)
    first = {"name": "install", "system_disk_gb": image.min_disk_gb}
    return InstallForm(typed, initial=first, image=image, actor=request.actor, host=host)


def _page(request: ActorRequest, step: str, image: Image, form: InstallForm, **context: Any) -> HttpResponse:
    crumbs = [
        (f"{reverse('images:list')}?tab={image.category}", _("Images")),
        (image.get_absolute_url(), image.name),
    ]
    about: dict[str, Any] = {
        "active": "images",
        "image": image,
        "summary": form.summary(),
        "crumbs": crumbs,
        "cancel_url": image.get_absolute_url(),
    }
    return INSTALL.page(request, f"images/launch/install/{step}.html", step, form, **about, **context)
