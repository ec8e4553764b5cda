"""Images of a file: which file, what the image is called and needs, and once more before it begins."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.create.forms import DetailsForm, first_values
from images.create.rules import MOST_DATA_DISKS, Import, can_import_file, least_disk_gb
from images.create.services import import_image
from images.create.sources import FILE, STEPS, frame, kinds_context, page_url, type_in
from images.fields.forms import chosen_key_name, disk_label
from images.fields.rules import can_import
from images.models import Image, Upload
from images.uploads.archives import beside
from images.uploads.forms import SourceForm, uploader_context
from images.uploads.found import detected_os, found_of, warnings_of
from images.uploads.handler import UploadRequest, takes_upload
from images.uploads.rules import is_idle, waiting_uploads
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import Made, Typed, Wizard
from imsconsole.core.errors import ImsError
from imsconsole.core.query_string import id_of
from imsconsole.core.sentences import sentence_of
from imsconsole.core.summary import Summary
from imsconsole.engine.types import Found
from imsconsole.jobs.quotas import fits_quota

CREATE = Wizard(
    "images.create",
    gettext_lazy("Import image"),
    "images:create",
    STEPS,
)


@form_view.with_files()
@takes_upload
def choose_source(request: UploadRequest) -> HttpResponse:
    """Step 1. The file has streamed to `request.streamed` when this runs."""
    verdict = can_import(request.actor)
    sent = request.POST if request.method == "POST" else None
    image_type = type_in((sent or request.GET).get("type", ""), FILE)
    form = SourceForm(request.actor, sent, initial={"upload": id_of(request.GET.get("upload"))})
    if request.method == "POST":
        verdict.require()
        if upload := take_file(form, request):
            if upload.state == Upload.State.EXAMINING:
                return redirect("uploads:detail", upload.pk)
            return begin_details(request, upload, form.cleaned_data["type"])
    chosen = str(form["upload"].value() or "")
    context = {
        **frame(),
        "takes_file": True,
        "verdict": verdict,
        **kinds_context(image_type, FILE, upload=chosen),
        "uploads": waiting_uploads(request.actor),
        "chosen": chosen,
        **uploader_context(request.actor),
    }
    return CREATE.page(request, "images/create/create.html", "source", form, **context)


def begin_details(
    request: ActorRequest, upload: Upload, image_type: str, along: Sequence[Upload] = ()
) -> HttpResponse:
    """Step 2 of a complete upload; with a system disk come these data disks, and those of its archive."""
    disks = (
        [*along, *(each for each in beside(upload) if is_idle(each))]
        if image_type == Image.Type.SYSTEM
        else []
    )
    ids = [str(each.pk) for each in disks[:MOST_DATA_DISKS]]
    if len(disks) > len(ids):
        messages.info(
            request,
            _(
                "The virtual machine has more data disks; they wait among your uploads, to be imported by themselves."
            ),
        )
    draft = CREATE.begin(request.actor, upload=str(upload.pk), type=image_type, along=ids)
    return CREATE.go(draft, "details")


def take_file(form: SourceForm, request: UploadRequest) -> Upload | None:
    """The complete upload, or one that is examined, new or chosen, that fits what else was filled in; else the form says why not."""
    whole = form.is_valid()
    if request.streamed.begun:
        upload = _arrived(form, request)
    else:
        upload = form.cleaned_data.get("upload") or _examined_now(form, request.actor)
    if upload and upload.state == Upload.State.EXAMINING:
        return upload
    if upload is None:
        if not form.errors:
            form.add_error(None, _("Choose a file to upload, or one that is uploaded already."))
        return None
    if not whole:
        return None
    verdict = can_import_file(upload, form.cleaned_data["type"], request.actor)
    if not verdict:
        form.add_error("type", str(verdict.reason))
    elif wanted := _differs(upload, form.cleaned_data["sha256"]):
        form.add_error("sha256", wanted)
    return None if form.errors else upload


def _examined_now(form: SourceForm, actor: Actor) -> Upload | None:
    """One that has just come and that a job examines: there is nothing to choose yet."""
    examined = Upload.objects.visible_to(actor).filter(state=Upload.State.EXAMINING)
    chosen = id_of(form.data.get("upload"))
    return examined.filter(pk=chosen).first() if chosen else None


def _arrived(form: SourceForm, request: UploadRequest) -> Upload | None:
    """The upload that came with this form; its bytes are gone when it is refused."""
    given = form.cleaned_data
    try:
        upload = request.streamed.finish(claimed=given.get("format", ""), sha256=given.get("sha256", ""))
    except ImsError as error:
        form.add_error(None, sentence_of(error))
        return None
    # the file need not be sent again when something else is wrong
    form.data = request.POST.copy()
    form.data["upload"] = str(upload.pk)
    return upload


def _differs(upload: Upload, sha256: str) -> str:
    """Why the checksum of a file that was uploaded before does not fit; empty when it does."""
    found = found_of(upload).sha256
    if not sha256 or sha256 == found:
        return ""
    return _("The SHA-256 of “%(name)s” is %(found)s, not this one.") % {"name": upload.name, "found": found}


class CreateOrder:
    """A draft with its file, what was found in it and what it becomes."""

    def __init__(self, draft: Draft, upload: Upload, actor: Actor) -> None:
        self.draft, self.upload, self.actor = draft, upload, actor
        self.image_type: str = draft.data["type"]
        self.found = found_of(upload)

    def form(self, typed: Typed) -> DetailsForm:
        along = waiting_uploads(self.actor).in_bulk(self.draft.data.get("along", []))
        initial = first_values(self.upload, self.image_type, self.actor)
        for number, file in enumerate(sorted(along.values(), key=lambda each: each.pk), start=1):
            initial[f"data_{number}_upload"] = file.pk
            initial[f"data_{number}_gb"] = least_disk_gb(Image.Type.DATA, file)
        return DetailsForm(
            typed,
            prefix="details",
            initial=initial,
            upload=self.upload,
            image_type=self.image_type,
            actor=self.actor,
        )

    def files(self, form: DetailsForm) -> list[Upload]:
        """The file and, as far as they are chosen, those of the data disks along with it."""
        names = (name for name in form.fields if name.startswith("data_") and name.endswith("_upload"))
        return [self.upload, *filter(None, (form.filled(name) for name in names))]

    def summary(self, form: DetailsForm) -> Summary:
        files = self.files(form)
        return Summary(
            facts=[
                (_("Image type"), Image.Type(self.image_type).label),
                (_("File"), ", ".join(file.name for file in files)),
                (disk_label(self.image_type), f"{form['min_disk_gb'].value()} GB"),
                (_("Name"), form["name"].value() or "–"),
            ],
            quota={"images": len(files), "store_bytes": sum(file.size_bytes for file in files)},
            verdict=can_import_file(self.upload, self.image_type, self.actor)
            and fits_quota(self.actor.project, {"images": len(files)}),
        )

    def shown(self, form: DetailsForm) -> dict[str, Any]:
        return {
            **frame(),
            "summary": self.summary(form),
            "upload": self.upload,
            "found": self.found,
            "warnings": warnings_of(self.found),
            "image_type": self.image_type,
            "type_label": Image.Type(self.image_type).label,
            "disk_label": disk_label(self.image_type),
            "source_url": page_url(self.image_type, FILE, upload=str(self.upload.pk)),
        }

    def read_again(self, chosen: dict[str, Any]) -> dict[str, Any]:
        """What will be created."""
        is_detected = self.image_type == Image.Type.SYSTEM and detected_os(self.upload) is not None
        return {
            "chosen": chosen,
            "names": [chosen["name"]],
            "key_name": chosen_key_name(chosen),
            "notes": notes_on(chosen, self.found, self.image_type),
            "is_detected": is_detected,
        }

    def make(self, form: DetailsForm) -> Made:
        order = Import(upload=self.upload, type=self.image_type, **form.cleaned_data)
        image = import_image(order, actor=self.actor)
        return Made(image.get_absolute_url(), _("“%(name)s” is being created.") % {"name": image.name})


def _order(request: ActorRequest, draft: Draft) -> CreateOrder | None:
    """None when the file is gone; that is said then."""
    pk = UUID(draft.data["upload"])
    upload = Upload.objects.visible_to(request.actor).filter(pk=pk, state=Upload.State.COMPLETE).first()
    if upload is None:
        messages.warning(
            request, _("The file of this draft is no longer there. Please choose or upload one.")
        )
        return None
    return CreateOrder(draft, upload, request.actor)


@CREATE.step
def details(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Step 2."""
    if (order := _order(request, draft)) is None:
        return redirect("images:create")
    form = order.form(CREATE.typed(request, draft, "details"))
    if CREATE.takes(request, draft, "details", form):
        return CREATE.go(draft, "confirm")
    shown = order.shown(form)
    return CREATE.page(
        request, "images/create/details.html", "details", form, back_url=shown["source_url"], **shown
    )


@CREATE.step
def confirm(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Step 3: read once more."""
    if (order := _order(request, draft)) is None:
        return redirect("images:create")
    form = order.form(CREATE.kept(draft, "details"))
    if answer := CREATE.ends(request, draft, form, make=partial(order.make, form), back="details"):
        return answer
    context = {**order.shown(form), **order.read_again(form.cleaned_data)}
    before = CREATE.url(draft, "details")
    return CREATE.page(request, "images/create/confirm.html", "confirm", back_url=before, **context)


def notes_on(chosen: dict[str, Any], found: Found, image_type: str) -> list[str]:
    """What one should think about before going on."""
    notes = []
    boot_mode = chosen.get("boot_mode", "")
    if image_type == Image.Type.SYSTEM and found.boot_modes and boot_mode not in found.boot_modes:  # R64
        notes.append(
            _(
                "The disk seems to boot with %(found)s, but %(chosen)s is chosen: its servers would probably not start."
            )
            % {"found": ", ".join(found.boot_modes).upper(), "chosen": boot_mode.upper()}
        )
    return notes
