"""Create a data disk: blank, or with the content of a data disk image (`?image=`)."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.launch.disk.forms import CreateDiskForm
from images.launch.disk.rules import can_order_disk_from
from images.launch.disk.services import create_disk_from
from images.models import Image
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Wizard
from imsconsole.cloud.disks.rules import can_create_disk, can_order_disk
from imsconsole.cloud.disks.services import create_disk
from imsconsole.cloud.models import Disk
from imsconsole.core.query_string import row_of

CREATE = Wizard(
    "disks.create",
    gettext_lazy("Create disk"),
    "disks-create",
    {"disk": gettext_lazy("Disk"), "confirm": gettext_lazy("Confirm")},
)


@CREATE.first
def create(request: ActorRequest, draft: Draft | None) -> HttpResponse:
    """Of what, how large, where."""
    form = CreateDiskForm(CREATE.typed(request, draft, "disk"), actor=request.actor, initial=_begun(request))
    verdict = can_create_disk(request.actor)
    if answer := CREATE.starts(request, draft, form, verdict=verdict):
        return answer
    return _page(request, "disk", form, verdict=verdict)


@CREATE.step
def confirm(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Read once more."""
    form = CreateDiskForm(CREATE.kept(draft, "disk"), actor=request.actor)

    def make() -> Made:
        disk = _create(request, **form.cleaned_data)
        return Made(disk.get_absolute_url(), _("The disk “%(name)s” is being created.") % {"name": disk.name})

    if answer := CREATE.ends(request, draft, form, make=make):
        return answer
    typed = form.cleaned_data
    image, order = typed["image"], (typed["size_gb"], typed["zone"], request.actor)
    return _page(
        request,
        "confirm",
        form,
        verdict=can_order_disk_from(image, *order) if image else can_order_disk(*order),
        back_url=CREATE.url(draft, "disk"),
    )


def _create(request: ActorRequest, *, image: Image | None, key: Any, **typed: Any) -> Disk:
    """One of an image has the image's key."""
    if image:
        return create_disk_from(image, actor=request.actor, **typed)
    return create_disk(key=key, actor=request.actor, **typed)


def _begun(request: ActorRequest) -> dict[str, Any]:
    """The image that was chosen before, and the smallest disk that holds it."""
    images = Image.objects.visible_to(request.actor).filter(type=Image.Type.DATA, status=Image.Status.ACTIVE)
    image = row_of(images, request.GET.get("image"))
    return {"image": image.pk, "size_gb": image.min_disk_gb} if image else {}


def _page(request: ActorRequest, step: str, form: CreateDiskForm, **context: Any) -> HttpResponse:
    context["summary"] = form.summary()
    crumbs = [(reverse("disks:list"), _("Disks"))]
    about: dict[str, Any] = {"active": "disks", "crumbs": crumbs, "cancel_url": reverse("disks:list")}
    return CREATE.page(request, f"images/launch/disk/{step}.html", step, form, **about, **context)
