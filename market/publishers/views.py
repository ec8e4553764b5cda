"""The account as a publisher: its application, and what it says of itself."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from imsconsole.accounts.access import ActorRequest, form_view
from market.pictures import LARGEST_BYTES
from market.publishers.forms import PublisherForm
from market.publishers.lookup import publisher_of
from market.publishers.rules import can_apply_as_publisher, can_edit_publisher
from market.publishers.services import apply_as_publisher, edit_publisher


@form_view.with_files(LARGEST_BYTES)
def own_publisher(request: ActorRequest) -> HttpResponse:
    """Apply, or change what an approved publisher says."""
    publisher = publisher_of(request.actor)
    approved = publisher is not None and publisher.is_approved
    ask = can_edit_publisher if approved else can_apply_as_publisher
    form = PublisherForm(
        *((request.POST, request.FILES) if request.method == "POST" else ()), publisher=publisher
    )
    if request.method == "POST":
        ask(publisher, request.actor).require()
        if form.is_valid():
            (edit_publisher if approved else apply_as_publisher)(actor=request.actor, **form.cleaned_data)
            said = _("It was saved.") if approved else _("The application was sent to the operator.")
            messages.success(request, said)
            return redirect("market:own-publisher")
    context = {
        "active": "market",
        "publisher": publisher,
        "form": form,
        "verdict": ask(publisher, request.actor),
    }
    return render(request, "market/own_publisher.html", context, status=422 if form.errors else 200)
