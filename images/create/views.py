"""Images of a file: which file, what the image is called and needs, and once more before it begins."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.create.forms import DetailsForm, first_values
from images.create.rules import can_import_file
from images.create.services import import_image
from images.create.sources import FILE, kinds_context, page_url, type_in
from images.fields.forms import ConfirmForm, chosen_key_name, disk_label
from images.fields.rules import can_import
from images.models import Image, Upload
from images.uploads.forms import SourceForm, uploader_context
from images.uploads.found import detected_os, found_of, warnings_of
from images.uploads.handler import UploadRequest, takes_upload
from images.uploads.rules import waiting_uploads
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.drafts import begin_draft, find_draft
from imsconsole.core.errors import ImsError
from imsconsole.core.rules import Refused
from imsconsole.core.sentences import sentence_of
from imsconsole.core.wizard import DraftWizard
from imsconsole.engine.types import Found

WIZARD = "images.create"
TITLES = {
    "source": gettext_lazy("Type and source"),
    "details": gettext_lazy("Image information"),
    "confirm": gettext_lazy("Confirm"),
}


@form_view
@takes_upload
def choose_source(request: UploadRequest) -> HttpResponse:
    """Step 1. The file has streamed to `request.streamed` when this runs."""
    verdict = can_import(request.actor)
    sent = request.POST if request.method == "POST" else None
    image_type = type_in((sent or request.GET).get("type", ""), FILE)
    form = SourceForm(request.actor, sent, initial={"upload": request.GET.get("upload")})
    if request.method == "POST":
        verdict.require()
        if upload := take_file(form, request):
            draft = begin_draft(WIZARD, request.actor, upload=str(upload.pk), type=form.cleaned_data["type"])
            return redirect("images:create-step", draft_id=draft.pk, step="details")
    chosen = str(form["upload"].value() or "")
    context = {
        "active": "images",
        "form": form,
        "verdict": verdict,
        **kinds_context(image_type, FILE, upload=chosen),
        "uploads": waiting_uploads(request.actor),
        "chosen": chosen,
        **uploader_context(request.actor),
        "steps": list(TITLES.items()),
    }
    return render(request, "images/create/create.html", context, status=422 if form.is_bound else 200)


def take_file(form: SourceForm, request: UploadRequest) -> Upload | None:
    """The complete upload, new or chosen, that fits what else was filled in; else the form says why not."""
    whole = form.is_valid()
    upload = _arrived(form, request) if request.streamed.begun else form.cleaned_data.get("upload")
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


class CreateWizard(DraftWizard):
    """Steps 2 and 3, on a draft that knows its upload and type."""

    form_list = [("details", DetailsForm), ("confirm", ConfirmForm)]
    storage_name = "imsconsole.accounts.drafts.DraftStorage"
    url_name = "images:create-step"
    done_step_name = "done"
    titles = TITLES
    template_names = {"details": "images/create/details.html", "confirm": "images/create/confirm.html"}
    upload: Upload
    image_type: str

    def dispatch(self, request: ActorRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        draft = request.draft = find_draft(WIZARD, kwargs["draft_id"], request.actor)  # type: ignore[attr-defined]
        upload = Upload.objects.visible_to(request.actor).filter(pk=UUID(draft.data["upload"])).first()
        if upload is None or upload.state != Upload.State.COMPLETE:
            messages.warning(
                request, _("The file of this draft is no longer there. Please choose or upload one.")
            )
            return redirect("images:create")
        self.upload, self.image_type = upload, draft.data["type"]
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self, step: str | None = None) -> dict[str, Any]:
        if step != "details":
            return {}
        return {"actor": self.request.actor, "upload": self.upload, "image_type": self.image_type}

    def get_form_initial(self, step: str) -> dict[str, Any]:
        if step != "details":
            return {}
        along = self.request.draft.data.get("along", [])
        rows = {f"data_{number}_upload": pk for number, pk in enumerate(along, start=1)}
        return {**first_values(self.upload, self.image_type, self.request.actor), **rows}

    def get_context_data(self, form: Any, **kwargs: Any) -> dict[str, Any]:
        found = found_of(self.upload)
        context = super().get_context_data(form=form, **kwargs)
        if self.steps.current == "confirm":
            chosen = self.get_cleaned_data_for_step("details") or {}
            files = [self.upload, *(disk.upload for disk in chosen.get("data_disks", ()))]
            context |= {
                "chosen": chosen,
                "key_name": chosen_key_name(chosen),
                "notes": notes_on(chosen, found, self.image_type),
                "is_detected": self.image_type == Image.Type.SYSTEM and detected_os(self.upload) is not None,
                "needed": {"images": len(files), "store_bytes": sum(file.size_bytes for file in files)},
            }
        return context | {
            "active": "images",
            "upload": self.upload,
            "found": found,
            "warnings": warnings_of(found),
            "image_type": self.image_type,
            "type_label": Image.Type(self.image_type).label,
            "disk_label": disk_label(self.image_type),
            "source_url": page_url(self.image_type, FILE, upload=str(self.upload.pk)),
        }

    def done(self, form_list: Any, form_dict: dict[str, Any], **kwargs: Any) -> HttpResponse:
        given = form_dict["details"].cleaned_data
        try:
            image = import_image(actor=self.request.actor, upload=self.upload, type=self.image_type, **given)
        except Refused as refusal:
            messages.error(self.request, sentence_of(refusal))
            return redirect(self.get_step_url("details"))
        self.storage.draft.delete()
        messages.success(self.request, _("“%(name)s” is being created.") % {"name": image.name})
        return redirect(image)


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


create_step = form_view(CreateWizard.as_view(url_name=CreateWizard.url_name, done_step_name="done"))
