"""Images of a file at an address: which one. The wizard goes on when it is here, as with a file that was uploaded."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from images.create.sources import URL, frame, kinds_context, type_in
from images.create.views import CREATE
from images.fetch.forms import UrlForm
from images.fetch.services import fetch_url
from images.fields.rules import can_import
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.wizards import leave_for
from imsconsole.core.errors import ImsError
from imsconsole.core.sentences import sentence_of


@form_view
def choose_url(request: ActorRequest) -> HttpResponse:
    """Step 1: a job fetches it."""
    verdict, given = can_import(request.actor), request.POST or request.GET
    image_type = type_in(given.get("type", ""), URL)
    sent = request.POST if request.method == "POST" else None
    form = UrlForm(sent, actor=request.actor)
    if sent is not None:
        verdict.require()
        if form.is_valid() and (answer := _begun(request, form)):
            return answer
    context = {**frame(), "verdict": verdict, **kinds_context(image_type, URL)}
    return CREATE.page(request, "images/fetch/choose.html", "source", form, **context)


def _begun(request: ActorRequest, form: UrlForm) -> HttpResponse | None:
    given = form.cleaned_data
    said = {"checksum": given["checksum"], "checksums": given["checksums"], "claimed_format": given["format"]}
    try:
        upload = fetch_url(given["url"], actor=request.actor, **said)
    except ImsError as error:
        form.add_error("url", sentence_of(error))
        return None
    messages.info(
        request, _("“%(name)s” is being fetched. Create the image when it is here.") % {"name": upload.name}
    )
    return leave_for(request, reverse("uploads:detail", args=[upload.pk]))
