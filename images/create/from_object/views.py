"""Images of an object in a bucket: which one. The wizard goes on as with a file that was uploaded."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from images.create.from_object.forms import ObjectForm
from images.create.from_object.taking import take
from images.create.rules import can_import_file
from images.create.sources import OBJECT, frame, kinds_context, type_in
from images.create.views import CREATE, begin_details
from images.fields.rules import can_import
from images.models import Upload
from images.uploads.services import discard_upload
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.wizards import leave_for
from imsconsole.core.errors import ImsError
from imsconsole.core.query_string import id_of
from imsconsole.core.sentences import sentence_of


@form_view
def choose_object(request: ActorRequest) -> HttpResponse:
    """Step 1: what is taken becomes the file of a draft, or arrives by a job first."""
    verdict, given = can_import(request.actor), request.POST or request.GET
    asked, image_type = str(id_of(given.get("object")) or ""), type_in(given.get("type", ""), OBJECT)
    sent = request.POST if request.method == "POST" else None
    form = ObjectForm(sent, actor=request.actor, asked=asked, initial={"object": asked})
    if sent is not None:
        verdict.require()
        if form.is_valid() and (uploads := _taken(form, request)):
            return _go_on(request, uploads, image_type)
    context = {**frame(), "verdict": verdict, **kinds_context(image_type, OBJECT, object=asked)}
    return CREATE.page(request, "images/create/from_object/choose.html", "source", form, **context)


def _taken(form: ObjectForm, request: ActorRequest) -> list[Upload]:
    """The upload with the object's bytes, and those of the data disks; else the form says why there is none."""
    chosen, taken = form.cleaned_data, list[Upload]()
    said = {"claimed_format": chosen["format"], "is_fast": chosen["is_fast"]}
    wanted = [("object", chosen["object"], said)]
    wanted += [("data_objects", each, {}) for each in chosen["data_objects"]]
    for field, bucket_object, more in wanted:
        try:
            taken.append(take(bucket_object, actor=request.actor, **more))
        except ImsError as error:
            form.add_error(
                field, f"{bucket_object.key}: {sentence_of(error)}" if taken else sentence_of(error)
            )
            for upload in taken:
                discard_upload(upload, actor=request.actor)
            return []
    return taken


def _go_on(request: ActorRequest, uploads: list[Upload], image_type: str) -> HttpResponse:
    upload, *along = uploads
    if upload.state != Upload.State.COMPLETE:
        messages.info(
            request,
            _("“%(name)s” is being fetched. Create the image when it is here.") % {"name": upload.name},
        )
        return leave_for(request, reverse("uploads:detail", args=[upload.pk]))
    if not (verdict := can_import_file(upload, image_type, request.actor)):
        messages.warning(request, str(verdict.reason))
        return leave_for(request, reverse("uploads:detail", args=[upload.pk]))
    return begin_details(request, upload, image_type, along)
